#include "commands/healthcheck_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/command_options.h"
#include "commands/configuration.h"
#include "commands/json_output.h"
#include "commands/readiness.h"

namespace postrider {
namespace {

/// The checks that are not passed, or the answer itself where it is no report.
std::string WhatIsWrong(const Json& report, const std::string& body) {
  if (!report.is_object() || !report.contains("checks")) return body;
  std::string wrong;
  for (const Json& check : report["checks"]) {
    if (check.value("ok", true)) continue;
    wrong += (wrong.empty() ? "" : "; ") + check.value("name", "?");
    const std::string detail = check.value("detail", "");
    if (!detail.empty()) wrong += ": " + detail;
  }
  return wrong;
}

int RunHealthcheck(const CommonOptions& options) {
  const ListenAddress address = LoadSettings(options.config, SecretsNeeded::kNone).metrics;
  if (address.port == 0) {
    throw CommandError(kExitUsage, "metrics.listen has port 0, so the port is not known",
                       "Give the relay a port of its own in the configuration.");
  }
  const Readiness readiness = AskReadiness(address);
  const bool ready = readiness.status == 200;
  const Json report = Json::parse(readiness.body, nullptr, false);
  if (options.json) {
    PrintJson({{"ready", ready},
               {"http_status", readiness.status},
               {"report", report.is_discarded() ? Json(readiness.body) : report}});
  } else if (ready) {
    std::cout << "ready\n";
  } else {
    std::cout << "not ready: " << WhatIsWrong(report, readiness.body) << "\n";
  }
  return ready ? kExitDone : kExitFailed;
}

}  // namespace

void AddHealthcheckCommand(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<CommonOptions>();
  auto* command =
      AddCommand(app, "healthcheck", "Ask the relay on this machine whether it is ready.",
                 "postrider healthcheck || echo 'not ready'", *options);
  command->callback([options, &exit_code] { exit_code = RunHealthcheck(*options); });
}

}  // namespace postrider
