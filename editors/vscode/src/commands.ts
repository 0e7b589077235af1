import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { manifest } from "./manifest";
import { ruleAtCursor } from "./pages";
import type { Session } from "./session";

interface Summary {
  sentence: string;
  findings: number;
  cancelled: boolean;
}

interface Tree {
  text: string;
}

/** Register what the command palette offers. The server's own commands are what they call. */
export function registerCommands(context: vscode.ExtensionContext, session: Session): void {
  const commands: Record<string, () => Promise<void> | void> = {
    "retort.check": () => withServer(session, check),
    "retort.fixFile": fixFile,
    "retort.fixAll": () => withServer(session, fixAll),
    "retort.explain": () => withServer(session, explain),
    "retort.tree": () => withServer(session, showTree),
    "retort.restartServer": () => session.restart(),
    "retort.showLog": () => session.log.show(),
  };
  for (const [name, command] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(name, command));
  }
}

async function withServer(
  session: Session,
  work: (client: LanguageClient) => Promise<void>,
): Promise<void> {
  if (session.running === undefined) {
    await session.start();
  }
  const client = session.running;
  if (client !== undefined) {
    await work(client);
  }
}

function ask<Answer>(client: LanguageClient, command: string, ...given: unknown[]) {
  return client.sendRequest<Answer>("workspace/executeCommand", { command, arguments: given });
}

async function check(client: LanguageClient): Promise<void> {
  const summary = await ask<Summary>(client, "retort.checkWorkspace");
  if (summary.cancelled) {
    return;
  }
  const offered = summary.findings > 0 ? ["Show Problems"] : [];
  const shown = await vscode.window.showInformationMessage(summary.sentence, ...offered);
  if (shown !== undefined) {
    await vscode.commands.executeCommand("workbench.actions.view.problems");
  }
}

async function fixFile(): Promise<void> {
  await vscode.commands.executeCommand("editor.action.codeAction", {
    kind: "source.fixAll.retort",
    apply: "first",
  });
}

async function fixAll(client: LanguageClient): Promise<void> {
  await ask(client, "retort.fixWorkspace");
}

async function explain(client: LanguageClient): Promise<void> {
  const rule = ruleAtCursor() ?? (await vscode.window.showQuickPick(allRules(), { title: "Rule" }));
  if (rule !== undefined) {
    await ask(client, "retort.explainRule", rule);
  }
}

/** Every rule, as the settings of this extension list them. */
function allRules(): string[] {
  const own = vscode.extensions.getExtension("retort-lsp.retort");
  const settings = own && manifest(own).contributes?.configuration?.properties;
  return Object.keys(settings?.["retort.rules"]?.properties ?? {}).filter((id) => id.includes("/"));
}

async function showTree(client: LanguageClient): Promise<void> {
  const tree = await ask<Tree>(client, "retort.supervisionTree", "text");
  const content = tree.text || "Retort finds no supervision tree in this workspace.";
  const document = await vscode.workspace.openTextDocument({ content, language: "plaintext" });
  await vscode.window.showTextDocument(document, { preview: true });
}
