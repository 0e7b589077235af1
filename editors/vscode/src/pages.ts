import * as vscode from "vscode";

/** Show a rule's page, a Markdown file of the server's, as a preview; whether it is one. */
export async function showPage(address: string): Promise<boolean> {
  const uri = vscode.Uri.parse(address);
  if (uri.scheme !== "file" || !uri.path.endsWith(".md")) {
    return false;
  }
  await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
  return true;
}

/** The rule of the finding under the cursor. */
export function ruleAtCursor(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    return undefined;
  }
  const at = editor.selection.active;
  const rules = vscode.languages
    .getDiagnostics(editor.document.uri)
    .filter((one) => one.source === "retort" && one.range.contains(at))
    .map((one) => (typeof one.code === "object" ? String(one.code.value) : String(one.code)));
  return rules[0];
}
