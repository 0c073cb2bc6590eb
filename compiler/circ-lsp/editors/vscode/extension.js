// Starts `circ lsp` for files of Circ, and hands everything else to the language client.

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
  const command = workspace.getConfiguration("circ").get("path") || "circ";
  const server = { command, args: ["lsp"] };
  const options = {
    documentSelector: [{ language: "circ" }],
    synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.circ") },
  };
  client = new LanguageClient("circ", "Circ", server, options);
  return client.start();
}

function deactivate() {
  return client && client.stop();
}

module.exports = { activate, deactivate };
