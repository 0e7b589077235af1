import type * as vscode from "vscode";

/** What is read of an extension's package.json. */
interface Manifest {
  version: string;
  contributes?: {
    grammars?: { language?: string }[];
    configuration?: { properties?: Record<string, { properties?: Record<string, unknown> }> };
  };
}

/** The manifest of an extension, typed. */
export function manifest(extension: vscode.Extension<unknown>): Manifest {
  return extension.packageJSON as Manifest;
}
