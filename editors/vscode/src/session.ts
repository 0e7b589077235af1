import * as vscode from "vscode";
import {
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  type ErrorHandler,
  LanguageClient,
  type LanguageClientOptions,
  State,
} from "vscode-languageclient/node";
import { showPage } from "./pages";
import { findServer } from "./server";
import { Status } from "./status";

const LANGUAGES = ["elixir", "phoenix-heex", "html-eex", "eex", "heex", "surface"];
const RESTARTS = 5;
const STEADY = 3 * 60_000; // milliseconds; restarts further apart than this are not counted together

/** One server for the window, started again when it falls or when its settings change. */
export class Session implements vscode.Disposable {
  readonly log = vscode.window.createOutputChannel("Retort", { log: true });
  private readonly status = new Status();
  private readonly trace = vscode.window.createOutputChannel("Retort (messages)");
  private readonly parts: vscode.Disposable[];
  private client: LanguageClient | undefined;
  private falls: number[] = [];
  private changing: Promise<void> = Promise.resolve();

  constructor(private readonly context: vscode.ExtensionContext) {
    this.parts = [
      this.log,
      this.trace,
      this.status,
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (["server", "python"].some((part) => change.affectsConfiguration(`retort.${part}`))) {
          void this.restart();
        }
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.restart()),
    ];
  }

  /** The client of the running server. */
  get running(): LanguageClient | undefined {
    return this.client?.state === State.Running ? this.client : undefined;
  }

  /** Start the server; says why where that is not possible. Starts and stops wait for each other. */
  start(): Promise<void> {
    this.changing = this.changing.then(() => this.launch());
    return this.changing;
  }

  /** Stop the server. */
  stop(): Promise<void> {
    this.changing = this.changing.then(() => this.halt());
    return this.changing;
  }

  /** Stop the server and start it under the settings as they are now. */
  async restart(): Promise<void> {
    this.falls = [];
    await this.stop();
    await this.start();
  }

  dispose(): void {
    for (const part of this.parts) {
      part.dispose();
    }
  }

  private async launch(): Promise<void> {
    this.status.show("starting");
    const missing = () => this.status.show("missing");
    const server = await findServer(this.context, this.log, missing);
    if (server === undefined) {
      missing();
      return;
    }
    this.status.show("starting");
    this.log.info(`Starting ${[server.command, ...server.args].join(" ")}`);
    const client = new LanguageClient("retort", "Retort", server, this.options());
    client.onDidChangeState(({ newState }) => {
      this.status.show(newState === State.Running ? "running" : "starting");
    });
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      this.status.show("stopped");
      this.log.error(String(error));
      void this.offerLog(`Retort's server does not start: ${reason(error)}`);
    }
  }

  private async halt(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.status.show("stopped");
    try {
      await client?.dispose();
    } catch (error) {
      this.log.warn(`The server did not end well: ${reason(error)}`);
    }
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: [
        ...LANGUAGES.map((language) => ({ scheme: "file", language })),
        ...LANGUAGES.map((language) => ({ scheme: "untitled", language })),
        { scheme: "file", pattern: "**/.retort.toml" },
        { scheme: "file", pattern: "**/assets/js/**/*.{js,ts}" },
      ],
      outputChannel: this.log,
      traceOutputChannel: this.trace,
      errorHandler: this.errorHandler(),
      initializationFailedHandler: () => false,
      middleware: {
        workspace: {
          didChangeConfiguration: async (sections, next) => {
            // The change may be one for which this client is being stopped; it can send no more.
            await new Promise(setImmediate);
            if (this.running !== undefined) {
              await next(sections);
            }
          },
        },
        window: {
          showDocument: async (params, next) => {
            if (await showPage(params.uri)) {
              return { success: true };
            }
            const shown = await next(params, NEVER);
            return "success" in shown ? shown : { success: false };
          },
        },
      },
    };
  }

  private errorHandler(): ErrorHandler {
    return {
      error: (error, _message, count) => {
        this.log.error(error.message);
        return { action: (count ?? 0) < 3 ? ErrorAction.Continue : ErrorAction.Shutdown };
      },
      closed: () => this.closed(),
    };
  }

  private closed(): CloseHandlerResult {
    const now = Date.now();
    this.falls = [...this.falls.filter((time) => now - time < STEADY), now];
    if (this.falls.length <= RESTARTS) {
      this.log.warn(`The server has ended; restart ${this.falls.length} of ${RESTARTS}.`);
      return { action: CloseAction.Restart, handled: true };
    }
    this.status.show("stopped");
    void this.offerLog(`Retort's server has ended ${this.falls.length} times in three minutes.`);
    return { action: CloseAction.DoNotRestart, handled: true };
  }

  private async offerLog(message: string): Promise<void> {
    const chosen = await vscode.window.showErrorMessage(message, "Show Log", "Restart");
    if (chosen === "Show Log") {
      this.log.show();
    } else if (chosen === "Restart") {
      await this.restart();
    }
  }
}

const NEVER = new vscode.CancellationTokenSource().token;

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
