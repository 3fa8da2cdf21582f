#include "commands/doctor_command.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "commands/command_line.h"
#include "commands/command_options.h"
#include "commands/doctor_findings.h"
#include "commands/fault_text.h"
#include "commands/readable.h"
#include "commands/time_argument.h"

namespace postrider {
namespace {

struct DoctorArguments {
  CommonOptions common;
  std::string longest = "10m";
};

constexpr std::string_view kSchema = "schema";
constexpr std::string_view kReachability = "reachability";

struct Check {
  std::string_view name;
  std::function<Findings(CommandContext&)> look;
};

std::vector<Check> Checks(std::chrono::milliseconds longest) {
  return {{kSchema, CheckSchema},
          {"privileges", CheckPrivileges},
          {"settings", CheckServerSettings},
          {"clocks", CheckClocks},
          {"descriptors", CheckDescriptors},
          {"snapshots",
           [longest](CommandContext& context) { return CheckSnapshots(context, longest); }},
          {"relays", CheckRelays},
          {"topics", CheckTopics},
          {"retention", CheckRetention},
          {kReachability, CheckReachability}};
}

/// A check that cannot be made is a finding itself.
Findings Look(CommandContext& context, const Check& check) {
  try {
    return check.look(context);
  } catch (const DatabaseFault& fault) {
    if (fault.connection_lost()) throw;
    const CommandError error = ExplainFault(fault);
    return {{"warning", std::string(check.name),
             std::string("could not be looked at: ") + error.what(), error.hint()}};
  }
}

void Print(const Findings& findings) {
  for (const Finding& finding : findings) {
    std::cout << finding.severity << " (" << finding.check << "): " << Printable(finding.what)
              << "\n    " << Printable(finding.advice) << "\n";
  }
  if (findings.empty()) {
    std::cout << "Nothing is wrong that could be seen from here.\n";
  } else {
    std::cout << "\n" << findings.size() << (findings.size() == 1 ? " finding\n" : " findings\n");
  }
}

Json ToJson(const Findings& findings) {
  Json items = Json::array();
  for (const Finding& finding : findings) {
    items.push_back({{"severity", finding.severity},
                     {"check", finding.check},
                     {"what", finding.what},
                     {"advice", finding.advice}});
  }
  return {{"items", items}};
}

int RunDoctor(const DoctorArguments& arguments) {
  const auto longest = ParseDuration("--long", arguments.longest);
  CommandContext context(arguments.common);
  Findings findings;
  const bool usable = HasSchema(context);
  for (const Check& check : Checks(longest)) {
    if (!usable && check.name != kSchema && check.name != kReachability) continue;
    Findings more = Look(context, check);
    findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  }
  if (context.json()) {
    PrintJson(ToJson(findings));
  } else {
    Print(findings);
  }
  return findings.empty() ? kExitDone : kExitFailed;
}

}  // namespace

void AddDoctorCommand(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<DoctorArguments>();
  auto* command =
      AddCommand(app, "doctor", "Look for what is wrong with the set-up, and say what to do.",
                 "postrider doctor -c /etc/postrider/postrider.yaml", arguments->common);
  command->add_option("--long", arguments->longest, "A transaction open for longer is a finding")
      ->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = RunDoctor(*arguments); });
}

}  // namespace postrider
