#include "commands/configuration_commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/command_options.h"
#include "commands/configuration.h"
#include "commands/json_output.h"
#include "postrider/config/effective.h"
#include "postrider/config/schema.h"
#include "postrider/policy/retry_schedule.h"

namespace postrider {
namespace {

struct CheckArguments {
  CommonOptions common;
  std::string explain;
};

struct ConfigArguments {
  CommonOptions common;
  bool schema = false;
};

const DestinationSettings& FindDestination(const Settings& settings, const std::string& name) {
  std::string known;
  for (const auto& destination : settings.destinations) {
    if (destination.name == name) return destination;
    known += (known.empty() ? "" : ", ") + destination.name;
  }
  throw CommandError(kExitUsage, "--explain: the file has no destination '" + name + "'",
                     known.empty() ? "It has none." : "It has: " + known + ".");
}

/// The settings of one destination with all defaults, as YAML.
std::string DestinationYaml(const DestinationSettings& destination) {
  Settings alone;
  alone.destinations.push_back(destination);
  const std::string text = RenderEffective(alone);
  return text.substr(text.rfind("\ndestinations:") + 1);
}

/// The same as JSON.
Json DestinationJson(const DestinationSettings& destination) {
  Settings alone;
  alone.destinations.push_back(destination);
  return Json::parse(RenderEffectiveJson(alone))["destinations"][destination.name];
}

Json ScheduleJson(const RetrySettings& retries) {
  const RetrySchedule schedule(retries);
  Json waits = Json::array();
  for (int attempt = 1; attempt < std::min(schedule.attempts(), 1000); ++attempt) {
    waits.push_back(schedule.BaseDelay(attempt).count());
  }
  return {{"attempts", schedule.attempts()},
          {"for_s", retries.lasting.count()},
          {"jitter", retries.jitter},
          {"budget", retries.budget ? Json(*retries.budget) : Json(nullptr)},
          {"waits_ms", waits}};
}

Json ErrorsJson(const std::vector<ConfigError>& errors) {
  Json items = Json::array();
  for (const ConfigError& error : errors) {
    items.push_back({{"file", error.file},
                     {"line", error.line},
                     {"column", error.column},
                     {"path", error.path},
                     {"message", error.message}});
  }
  return items;
}

void PrintExplanation(const DestinationSettings& destination) {
  std::cout << "\nRetries of " << destination.name << ":\n\n"
            << Explain(destination.retries) << "\nSettings in effect:\n\n"
            << DestinationYaml(destination);
}

void PrintCheckJson(const std::string& file, const LoadedConfig& config,
                    const DestinationSettings* explained) {
  Json result{{"file", file},
              {"ok", config.errors.empty()},
              {"destinations", config.settings.destinations.size()},
              {"errors", ErrorsJson(config.errors)},
              {"warnings", ErrorsJson(config.warnings)}};
  if (!config.errors.empty()) result["destinations"] = nullptr;
  if (explained != nullptr) {
    result["explain"] = {{"destination", explained->name},
                         {"retries", ScheduleJson(explained->retries)},
                         {"configuration", DestinationJson(*explained)}};
  }
  PrintJson(result);
}

int RunCheck(const CheckArguments& arguments) {
  const std::string file = ConfigurationPath(arguments.common.config);
  const LoadedConfig config = ReadConfiguration(arguments.common.config, SecretsNeeded::kAll);
  const bool ok = config.errors.empty();
  const DestinationSettings* explained = ok && !arguments.explain.empty()
                                             ? &FindDestination(config.settings, arguments.explain)
                                             : nullptr;
  if (arguments.common.json) {
    PrintCheckJson(file, config, explained);
    return ok ? kExitDone : kExitUsage;
  }
  if (!config.warnings.empty()) std::cerr << "warning: " << FormatErrors(config.warnings);
  if (!ok) {
    std::cerr << FormatErrors(config.errors);
    return kExitUsage;
  }
  const std::size_t count = config.settings.destinations.size();
  std::cout << file << ": ok, " << count << (count == 1 ? " destination\n" : " destinations\n");
  if (explained != nullptr) PrintExplanation(*explained);
  return kExitDone;
}

int RunConfig(const ConfigArguments& arguments) {
  if (arguments.schema) {
    std::cout << JsonSchema();
    return kExitDone;
  }
  const Settings settings = LoadSettings(arguments.common.config, SecretsNeeded::kNone);
  if (arguments.common.json) {
    PrintJson({{"file", ConfigurationPath(arguments.common.config)},
               {"configuration", Json::parse(RenderEffectiveJson(settings))}});
  } else {
    std::cout << RenderEffective(settings);
  }
  return kExitDone;
}

}  // namespace

void AddConfigurationCommands(CLI::App& app, int& exit_code) {
  auto check = std::make_shared<CheckArguments>();
  auto* check_command = AddCommand(app, "check", "Validate the configuration file and its secrets.",
                                   "postrider check -c postrider.yaml --explain cj", check->common);
  check_command->add_option("--explain", check->explain,
                            "Also show the retry schedule and the settings of a destination");
  check_command->callback([check, &exit_code] { exit_code = RunCheck(*check); });

  auto config = std::make_shared<ConfigArguments>();
  auto* config_command = AddCommand(
      app, "config", "Print the configuration with every default written out, secrets masked.",
      "postrider config --schema > postrider.schema.json", config->common);
  config_command->add_flag("--schema", config->schema, "Print the JSON Schema of the file instead");
  config_command->callback([config, &exit_code] { exit_code = RunConfig(*config); });
}

}  // namespace postrider
