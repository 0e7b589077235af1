;;; eglot_tour.el --- Emacs in batch: a squiggle, its fix, its end  -*- lexical-binding: t -*-
;; Writes what it saw as JSON. The snippet of the page is loaded before this file.

(require 'eglot)
(require 'flymake)
(require 'json)

(unless (fboundp 'elixir-mode)            ; the package is not part of Emacs 28
  (define-derived-mode elixir-mode prog-mode "Elixir")
  (put 'elixir-mode 'eglot-language-id "elixir"))
(add-to-list 'auto-mode-alist '("\\.exs?\\'" . elixir-mode))

(defun tour-await (what condition)
  "Wait until CONDITION answers something, which is returned; WHAT names it."
  (let ((until (+ (float-time) 30)) found)
    (while (not (setq found (funcall condition)))
      (when (> (float-time) until)
        (error "Waited in vain for %s" what))
      (accept-process-output nil 0.05)
      (flymake-start))
    found))

(defun tour-squiggle (words)
  "Flymake's diagnostic whose text holds WORDS, or nil."
  (seq-find (lambda (one) (string-match-p (regexp-quote words) (flymake-diagnostic-text one)))
            (flymake-diagnostics)))

(defun tour ()
  (let ((began (float-time)) seen)
    (find-file (getenv "TOUR_PAGE"))
    (setq-local eglot-sync-connect 30)
    (apply #'eglot--connect (eglot--guess-contact))
    (flymake-mode 1)
    (let ((one (tour-await "the squiggle" (lambda () (tour-squiggle "push_redirect")))))
      (push (cons 'seconds (- (float-time) began)) seen)
      (push (cons 'under (buffer-substring-no-properties
                          (flymake-diagnostic-beg one) (flymake-diagnostic-end one)))
            seen)
      (push (cons 'line (line-number-at-pos (flymake-diagnostic-beg one))) seen)
      (let* ((actions (eglot-code-actions (flymake-diagnostic-beg one)
                                          (flymake-diagnostic-end one)))
             (fix (seq-find (lambda (action)
                              (string-match-p "push_navigate" (plist-get action :title)))
                            actions)))
        (push (cons 'titles (vconcat (mapcar (lambda (action) (plist-get action :title)) actions)))
              seen)
        (let ((eglot-confirm-server-initiated-edits nil))
          (eglot--apply-workspace-edit (plist-get fix :edit)))))
    (eglot--signal-textDocument/didChange) ; Eglot does it when Emacs is idle, which batch never is
    (push (cons 'fixed (buffer-substring-no-properties (point-min) (point-max))) seen)
    (tour-await "the end of the squiggle" (lambda () (not (tour-squiggle "push_redirect"))))
    (eglot-shutdown (eglot-current-server))
    (with-temp-file (getenv "TOUR_OUT")
      (insert (json-encode seen)))))

(tour)
