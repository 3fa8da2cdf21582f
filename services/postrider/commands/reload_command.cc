#include "commands/reload_command.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "commands/command_context.h"
#include "commands/command_line.h"
#include "commands/command_options.h"
#include "commands/time_argument.h"
#include "relay/process_identity.h"

namespace postrider {
namespace {

/// A relay looks once a second.
constexpr std::chrono::milliseconds kGlance{100};
/// A relay that has lost its lease is not listed for a moment before it begins anew.
constexpr std::chrono::milliseconds kComesBack{2000};
constexpr std::string_view kNobody = "P0002";

struct ReloadArguments {
  CommonOptions common;
  std::string relay;  ///< empty: that of the configuration
  bool all = false;
  std::string patience = "30s";
};

/// The requests that were made: operation, relay, host.
Json Ask(CommandContext& context, const ReloadArguments& arguments) {
  std::string relay = arguments.relay;
  if (relay.empty()) relay = MakeIncarnation(context.settings().relay).name;
  const std::string named = arguments.all ? "NULL" : context.Quote(relay);
  const auto deadline = std::chrono::steady_clock::now() + kComesBack;
  for (;;) {
    try {
      return context.Change("reload", "SELECT * FROM outbox.reload(" + named + ")");
    } catch (const DatabaseFault& fault) {
      if (fault.sqlstate() != kNobody || std::chrono::steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(kGlance);
  }
}

/// The answers to the requests so far; `status` is `running` where there is none.
Json Answers(CommandContext& context, const Json& requests) {
  std::string ids;
  for (const Json& request : requests) {
    ids += (ids.empty() ? "" : ", ") + request["operation"].dump();
  }
  Json answers = context.Query("operations",
                               "SELECT id, status, coalesce(error, note) AS detail FROM "
                               "outbox.operations WHERE id IN (" +
                                   ids + ") ORDER BY id");
  for (Json& answer : answers) {
    for (const Json& request : requests) {
      if (request["operation"] != answer["id"]) continue;
      answer["relay"] = request["name"];
      answer["host"] = request["host"];
    }
  }
  return answers;
}

Json AwaitAnswers(CommandContext& context, const Json& requests,
                  std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    Json answers = Answers(context, requests);
    bool waits = false;
    for (const Json& answer : answers) waits = waits || answer["status"] == "running";
    if (!waits || std::chrono::steady_clock::now() > deadline) return answers;
    std::this_thread::sleep_for(kGlance);
  }
}

/// Nobody answers them any more: a relay that comes back later must not surprise anybody.
void Withdraw(CommandContext& context, Json& answers) {
  for (Json& answer : answers) {
    if (answer["status"] != "running") continue;
    const Json status = context.Change(
        "cancel", "SELECT outbox.cancel_operation(" + answer["id"].dump() + ") AS status");
    if (status.at(0)["status"] != "cancelled") {
      answer["status"] = status.at(0)["status"];
      continue;
    }
    answer["status"] = "unanswered";
  }
}

std::string Words(const Json& answer) {
  const std::string detail = answer["detail"].is_null() ? "" : answer["detail"].get<std::string>();
  if (answer["status"] == "done") return "reloaded" + (detail.empty() ? "" : "; " + detail);
  if (answer["status"] == "failed") return "refused, nothing is changed:\n" + detail;
  return "did not answer; the request is withdrawn. 'postrider status' shows whether it is alive";
}

int RunReload(const ReloadArguments& arguments) {
  const auto patience = ParseDuration("--wait", arguments.patience);
  CommandContext context(arguments.common, Purpose::kChange);
  const Json requests = Ask(context, arguments);
  Json answers = AwaitAnswers(context, requests, patience);
  Withdraw(context, answers);
  std::size_t done = 0;
  for (const Json& answer : answers) done += answer["status"] == "done" ? 1 : 0;
  if (context.json()) {
    PrintJson({{"items", answers}});
  } else {
    for (const Json& answer : answers) {
      std::cout << answer["relay"].get<std::string>() << " on " << answer["host"].get<std::string>()
                << ": " << Words(answer) << "\n";
    }
  }
  if (done == answers.size()) return kExitDone;
  return done == 0 ? kExitFailed : kExitDeclined;
}

}  // namespace

void AddReloadCommand(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ReloadArguments>();
  auto* command = AddCommand(app, "reload", "Make running relays read their files again.",
                             "postrider reload --all", arguments->common);
  auto* relay = command->add_option("--relay", arguments->relay,
                                    "Its name (default: relay.name of the configuration)");
  command->add_flag("--all", arguments->all, "Every relay of this database")->excludes(relay);
  command->add_option("--wait", arguments->patience, "How long to wait for their answers")
      ->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = RunReload(*arguments); });
}

}  // namespace postrider
