import * as vscode from "vscode";
import { manifest } from "./manifest";

const LEGEND = new vscode.SemanticTokensLegend([
  "comment",
  "string",
  "keyword",
  "class",
  "number",
  "property",
]);
const TOKENS = new RegExp(
  [
    /(?<comment>#(?!\{).*$)/,
    /(?<string>"""[\s\S]*?"""|"(?:\\.|[^"\\])*")/,
    /(?<keyword>\b(?:def\w*|do|end|fn|if|unless|case|cond|for|with|else|rescue|after|catch|use|alias|import|require|when|and|or|not|in|true|false|nil)\b(?![?!:]))/,
    /(?<class>\b[A-Z]\w*(?:\.[A-Z]\w*)*)/,
    /(?<number>\b\d[\d_]*(?:\.\d+)?\b)/,
    /(?<property>(?<![:\w]):[a-z_]\w*[?!]?|\b[a-z_]\w*[?!]?:(?=\s))/,
  ]
    .map((part) => part.source)
    .join("|"),
  "gm",
);
const LONGEST = 500_000; // characters; longer files stay plain

/** Colours for Elixir where no other extension brings a grammar. A grammar of our own in the
 * manifest could take the place of a better one, so there is none. */
export function highlightWhereNobodyDoes(context: vscode.ExtensionContext): void {
  let ours: vscode.Disposable | undefined;
  const decide = () => {
    const theirs = vscode.extensions.all.some(bringsGrammar);
    if (theirs) {
      ours?.dispose();
      ours = undefined;
    } else {
      ours ??= vscode.languages.registerDocumentSemanticTokensProvider(
        { language: "elixir" },
        { provideDocumentSemanticTokens: tokens },
        LEGEND,
      );
    }
  };
  decide();
  context.subscriptions.push(vscode.extensions.onDidChange(decide), {
    dispose: () => {
      ours?.dispose();
    },
  });
}

function bringsGrammar(extension: vscode.Extension<unknown>): boolean {
  const grammars = manifest(extension).contributes?.grammars;
  return grammars?.some((grammar) => grammar.language === "elixir") ?? false;
}

function tokens(document: vscode.TextDocument): vscode.SemanticTokens {
  const builder = new vscode.SemanticTokensBuilder(LEGEND);
  const text = document.getText();
  for (const found of text.length > LONGEST ? [] : text.matchAll(TOKENS)) {
    const groups: Record<string, string | undefined> = found.groups ?? {};
    const type = Object.keys(groups).find((name) => groups[name] !== undefined);
    const start = document.positionAt(found.index);
    const end = document.positionAt(found.index + found[0].length);
    for (let line = start.line; type !== undefined && line <= end.line; line++) {
      const from = line === start.line ? start.character : 0;
      const to = line === end.line ? end.character : document.lineAt(line).text.length;
      builder.push(new vscode.Range(line, from, line, to), type);
    }
  }
  return builder.build();
}
