#pragma once

namespace postrider {

/// Exit codes of every command.
enum ExitCode {
  kExitDone = 0,
  kExitFailed = 1,    ///< failed, or there are findings
  kExitUsage = 2,     ///< wrong usage or configuration
  kExitNoMatch = 3,   ///< nothing matched
  kExitDeclined = 4,  ///< declined, or partly done
};

/// Parses the command line and runs the command it names.
int RunCommandLine(int argc, char** argv);

}  // namespace postrider
