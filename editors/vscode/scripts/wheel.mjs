// Builds the server's wheel from this checkout into server/, so that the extension carries the
// server that it was made with.
import { spawnSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = join(dirname(fileURLToPath(import.meta.url)), "..");
const root = join(here, "..", "..");
const python = process.env.PYTHON ?? (process.platform === "win32" ? "python" : "python3");
rmSync(join(here, "server"), { recursive: true, force: true });
const build = ["-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", join(here, "server")];
const { status } = spawnSync(python, [...build, root], { stdio: "inherit" });
copyFileSync(join(root, "lsp_server", "LICENSE"), join(here, "LICENSE"));
process.exit(status ?? 1);
