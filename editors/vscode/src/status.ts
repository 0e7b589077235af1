import * as vscode from "vscode";

type State = "starting" | "running" | "stopped" | "missing";

const WORDS: Record<State, string> = {
  starting: "Retort is starting",
  running: "Retort is watching",
  stopped: "Retort's server has stopped",
  missing: "Retort's server is not installed",
};

/** The item in the status bar: how the server is, and how much it has found. */
export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    "retort",
    vscode.StatusBarAlignment.Left,
  );
  private readonly listener = vscode.languages.onDidChangeDiagnostics(() => this.draw());
  private state: State = "starting";

  constructor() {
    this.item.name = "Retort";
    this.item.show();
  }

  /** Show another state. */
  show(state: State): void {
    this.state = state;
    this.draw();
  }

  dispose(): void {
    this.listener.dispose();
    this.item.dispose();
  }

  private draw(): void {
    const counts = [0, 0, 0, 0];
    for (const [, diagnostics] of vscode.languages.getDiagnostics()) {
      for (const one of diagnostics) {
        if (one.source === "retort") {
          counts[one.severity] = (counts[one.severity] ?? 0) + 1;
        }
      }
    }
    const [errors = 0, warnings = 0, information = 0, hints = 0] = counts;
    const down = this.state === "stopped" || this.state === "missing";
    const found = `$(error) ${errors} $(warning) ${warnings}`;
    const icon =
      this.state === "starting" ? "$(sync~spin)" : down ? "$(circle-slash)" : "$(beaker)";
    this.item.text = this.state === "running" ? `${icon} ${found}` : `${icon} Retort`;
    const all = [
      counted(errors, "error"),
      counted(warnings, "warning"),
      counted(information + hints, "smaller remark"),
    ];
    this.item.tooltip = `${WORDS[this.state]}: ${all.join(", ")}`;
    this.item.command = down ? "retort.restartServer" : "workbench.actions.view.problems";
    this.item.backgroundColor = down
      ? new vscode.ThemeColor("statusBarItem.warningBackground")
      : undefined;
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}
