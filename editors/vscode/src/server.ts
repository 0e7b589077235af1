import { execFile } from "node:child_process";
import { access, constants, mkdir, readdir, rm } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";
import type { Executable } from "vscode-languageclient/node";
import { manifest } from "./manifest";

const run = promisify(execFile);
const WINDOWS = process.platform === "win32";
const OLDEST = [3, 11] as const;

/** How to start the server: as the settings say, from PATH, or in a private environment that the
 * user lets us make. Undefined, after a message, where none of them works; `missing` is called
 * before the user is told or asked. */
export async function findServer(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  missing: () => void,
): Promise<(Executable & { args: string[] }) | undefined> {
  const settings = vscode.workspace.getConfiguration("retort");
  const args = ["serve", ...settings.get<string[]>("server.arguments", [])];
  const named = settings.get<string>("server.path", "").trim();
  if (named) {
    const command = isAbsolute(named) ? named : ((await onPath(named)) ?? named);
    if (await isExecutable(command)) {
      return { command, args };
    }
    missing();
    void complain(`Retort is not at \`${named}\`, where the setting retort.server.path looks.`);
    return undefined;
  }
  const command = (await onPath("retort")) ?? (await privateServer(context, log, missing));
  return command === undefined ? undefined : { command, args };
}

async function privateServer(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  missing: () => void,
): Promise<string | undefined> {
  const version = manifest(context.extension).version;
  const folder = vscode.Uri.joinPath(context.globalStorageUri, `server-${version}`).fsPath;
  const command = join(folder, WINDOWS ? "Scripts/retort.exe" : "bin/retort");
  if (await isExecutable(command)) {
    return command;
  }
  missing();
  const answer = await vscode.window.showInformationMessage(
    "Retort's server is not installed. Shall VS Code make a private Python environment for it?",
    "Install",
    "Open Settings",
  );
  if (answer === "Open Settings") {
    await openSettings();
  }
  if (answer !== "Install") {
    return undefined;
  }
  const python = await findPython(log);
  if (python === undefined) {
    return undefined;
  }
  try {
    await install(context, python, folder, log);
  } catch (error) {
    log.error(String(error));
    await rm(folder, { recursive: true, force: true });
    const chosen = await vscode.window.showErrorMessage(
      "Retort's server could not be installed.",
      "Show Log",
    );
    if (chosen === "Show Log") {
      log.show();
    }
    return undefined;
  }
  return command;
}

async function install(
  context: vscode.ExtensionContext,
  python: string,
  folder: string,
  log: vscode.LogOutputChannel,
): Promise<void> {
  const location = vscode.ProgressLocation.Notification;
  await vscode.window.withProgress({ location, title: "Retort" }, async (progress) => {
    progress.report({ message: "making a Python environment" });
    await mkdir(folder, { recursive: true });
    await run(python, ["-m", "venv", folder]);
    progress.report({ message: "installing the server" });
    const inside = join(folder, WINDOWS ? "Scripts/python.exe" : "bin/python");
    const wanted = await carriedWheel(context);
    const pip = ["-m", "pip", "install", "--disable-pip-version-check", wanted];
    const { stdout } = await run(inside, pip, { maxBuffer: 1 << 24 });
    log.info(stdout);
  });
}

/** The server that this extension was made with. */
async function carriedWheel(context: vscode.ExtensionContext): Promise<string> {
  const folder = context.asAbsolutePath("server");
  const names = await readdir(folder).catch(() => []);
  const wheel = names.find((name) => name.endsWith(".whl"));
  return wheel === undefined ? "retort-lsp" : join(folder, wheel);
}

async function findPython(log: vscode.LogOutputChannel): Promise<string | undefined> {
  const named = vscode.workspace.getConfiguration("retort").get<string>("python.path", "").trim();
  const names = named ? [named] : WINDOWS ? ["py", "python"] : ["python3", "python"];
  const tooOld: string[] = [];
  for (const name of names) {
    const found = isAbsolute(name) ? name : await onPath(name);
    if (found === undefined) {
      continue;
    }
    try {
      const ask = "import sys; print(*sys.version_info[:2])";
      const { stdout } = await run(found, ["-c", ask]);
      const [major = 0, minor = 0] = stdout.trim().split(" ").map(Number);
      if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
        return found;
      }
      tooOld.push(`${found} is ${major}.${minor}`);
    } catch (error) {
      log.warn(`${found}: ${String(error)}`);
    }
  }
  const wanted = `Retort needs Python ${OLDEST.join(".")} or newer`;
  const found = tooOld.length > 0 ? `; ${tooOld.join(", ")}` : ", and finds none";
  await complain(`${wanted}${found}.`);
  return undefined;
}

async function complain(message: string): Promise<void> {
  if ((await vscode.window.showErrorMessage(message, "Open Settings")) !== undefined) {
    await openSettings();
  }
}

async function openSettings(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openSettings", "retort");
}

async function onPath(name: string): Promise<string | undefined> {
  const endings = WINDOWS ? [".exe", ".cmd", ".bat"] : [""];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const ending of endings) {
      const candidate = join(folder, name + ending);
      if (folder && (await isExecutable(candidate))) {
        return candidate;
      }
    }
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
