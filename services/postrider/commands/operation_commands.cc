#include "commands/operation_commands.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "commands/command_context.h"
#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/command_options.h"
#include "commands/table.h"
#include "commands/time_argument.h"

namespace postrider {
namespace {

struct ListArguments {
  CommonOptions common;
  std::string kind;
  std::string status;
  std::string since;
  int limit = 50;
};

struct OneArguments {
  CommonOptions common;
  std::int64_t id = 0;
};

constexpr char kColumns[] =
    "id, kind, status, matched, done, performed_by, note, filter, created_at, finished_at, error";

int RunList(const ListArguments& arguments) {
  CommandContext context(arguments.common);
  std::string condition = "true";
  if (!arguments.kind.empty()) condition += " AND kind = " + context.Quote(arguments.kind);
  if (!arguments.status.empty()) condition += " AND status = " + context.Quote(arguments.status);
  if (!arguments.since.empty()) {
    condition += " AND created_at >= " + TimeExpression("--since", arguments.since);
  }
  const Json rows = context.Query(
      "operations", "SELECT " + std::string(kColumns) + " FROM outbox.operations WHERE " +
                        condition + " ORDER BY id DESC LIMIT " + std::to_string(arguments.limit));
  if (context.json()) {
    PrintItems(rows);
  } else if (rows.empty()) {
    std::cout << "No operation matches.\n";
  } else {
    std::cout << RenderTable(rows, {{"id", "ID", Format::kNumber},
                                    {"kind", "KIND"},
                                    {"status", "STATUS"},
                                    {"done", "DONE", Format::kNumber},
                                    {"matched", "OF", Format::kNumber},
                                    {"created_at", "CREATED", Format::kTime},
                                    {"finished_at", "FINISHED", Format::kTime},
                                    {"performed_by", "BY"},
                                    {"note", "NOTE", Format::kShort}});
  }
  return rows.empty() ? kExitNoMatch : kExitDone;
}

Json ReadOne(CommandContext& context, std::int64_t id) {
  const std::string text = std::to_string(id);
  const Json rows = context.Query("operations", "SELECT " + std::string(kColumns) +
                                                    " FROM outbox.operations WHERE id = " + text);
  if (!rows.empty()) return rows.at(0);
  throw CommandError(kExitNoMatch, "there is no operation " + text,
                     "'postrider operation list' shows their ids.");
}

int RunShow(const OneArguments& arguments) {
  CommandContext context(arguments.common);
  const Json row = ReadOne(context, arguments.id);
  if (context.json()) {
    PrintJson(row);
  } else {
    std::cout << RenderFields(row, {{"id", "operation"},
                                    {"kind", "kind"},
                                    {"status", "status"},
                                    {"done", "done"},
                                    {"matched", "of"},
                                    {"performed_by", "by"},
                                    {"note", "note"},
                                    {"filter", "filter"},
                                    {"created_at", "created at", Format::kTime},
                                    {"finished_at", "finished at", Format::kTime},
                                    {"error", "error"}});
  }
  return kExitDone;
}

int RunCancel(const OneArguments& arguments) {
  CommandContext context(arguments.common, Purpose::kChange);
  const Json before = ReadOne(context, arguments.id);
  context.Change("cancel_operation",
                 "SELECT outbox.cancel_operation(" + std::to_string(arguments.id) + ")");
  const Json row = ReadOne(context, arguments.id);
  const bool cancelled = before["status"] == "running" && row["status"] == "cancelled";
  if (context.json()) {
    PrintJson(row);
  } else if (cancelled) {
    std::cout << "operation " << row["id"] << " is cancelled; " << row["done"] << " of "
              << row["matched"] << " were done and stay so\n";
  } else {
    std::cout << "operation " << row["id"]
              << " had ended already: " << CellText(row, {"status", ""}) << "\n";
  }
  return cancelled ? kExitDone : kExitDeclined;
}

CLI::App* AddOne(CLI::App& group, const char* name, const char* description,
                 OneArguments& arguments) {
  auto* command = AddCommand(group, name, description,
                             "postrider operation " + std::string(name) + " 17", arguments.common);
  command->add_option("ID", arguments.id, "Id of the operation")->required();
  return command;
}

}  // namespace

void AddOperationCommands(CLI::App& app, int& exit_code) {
  CLI::App* group = AddGroup(app, "operation", "Look at what people changed; end long work.");
  auto list = std::make_shared<ListArguments>();
  auto* command = AddCommand(*group, "list", "List operations, the newest first.",
                             "postrider operation list --status running", list->common);
  command->add_option("--kind", list->kind, "Such as replay_dead, discard_dead, replay, pause");
  command->add_option("--status", list->status, "How it is")
      ->check(CLI::IsMember({"running", "done", "cancelled", "failed"}));
  command->add_option("--since", list->since, "Begun since: a time, a date, or 15m, 2h, 3d");
  command->add_option("--limit", list->limit, "At most so many rows")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->callback([list, &exit_code] { exit_code = RunList(*list); });

  auto show = std::make_shared<OneArguments>();
  AddOne(*group, "show", "Show an operation: who, what, its filter, how far.", *show)
      ->callback([show, &exit_code] { exit_code = RunShow(*show); });
  auto cancel = std::make_shared<OneArguments>();
  AddOne(*group, "cancel", "End a running operation; what it has done stays done.", *cancel)
      ->callback([cancel, &exit_code] { exit_code = RunCancel(*cancel); });
}

}  // namespace postrider
