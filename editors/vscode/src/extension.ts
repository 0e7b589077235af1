import type * as vscode from "vscode";
import { registerCommands } from "./commands";
import { highlightWhereNobodyDoes } from "./highlight";
import { Session } from "./session";

let session: Session | undefined;

/** Called by VS Code once an Elixir file or project is opened. */
export function activate(context: vscode.ExtensionContext): void {
  session = new Session(context);
  context.subscriptions.push(session);
  registerCommands(context, session);
  highlightWhereNobodyDoes(context);
  // Not awaited: it may ask the user something, and other extensions wait for this one.
  void session.start();
}

/** Called by VS Code before it ends; the server is given the time to end as well. */
export async function deactivate(): Promise<void> {
  await session?.stop();
}
