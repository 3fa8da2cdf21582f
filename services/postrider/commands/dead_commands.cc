#include "commands/dead_commands.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "commands/bulk_change.h"
#include "commands/command_options.h"
#include "commands/dead_changing.h"
#include "commands/dead_export.h"
#include "commands/dead_reading.h"

namespace postrider {
namespace {

void AddSummary(CLI::App& group, int& exit_code) {
  auto arguments = std::make_shared<DeadListArguments>();
  auto* command = AddCommand(group, "summary", "Count by destination, reason, class and status.",
                             "postrider dead summary --since 1d", arguments->common);
  AddDeadFilter(*command, arguments->filter);
  command->callback([arguments, &exit_code] { exit_code = RunDeadSummary(*arguments); });
}

void AddList(CLI::App& group, int& exit_code) {
  auto arguments = std::make_shared<DeadListArguments>();
  arguments->filter.limit = 50;
  auto* command =
      AddCommand(group, "list", "List dead letters, the newest first.",
                 "postrider dead list --destination cj --reason exhausted", arguments->common);
  AddDeadFilter(*command, arguments->filter);
  command->add_option("--limit", arguments->filter.limit, "At most so many rows")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = RunDeadList(*arguments); });
}

void AddShow(CLI::App& group, int& exit_code) {
  auto arguments = std::make_shared<DeadShowArguments>();
  auto* command = AddCommand(group, "show", "Show a dead letter with request, answer and payload.",
                             "postrider dead show 17", arguments->common);
  command->add_option("ID", arguments->id, "Id of the dead letter")->required();
  command->callback([arguments, &exit_code] { exit_code = RunDeadShow(*arguments); });
}

/// What `replay` and `discard` share.
CLI::App* AddChange(CLI::App& group, const char* name, const char* description, const char* example,
                    DeadChangeArguments& arguments) {
  auto* command = AddCommand(group, name, description, example, arguments.common);
  AddDeadFilter(*command, arguments.filter);
  command->add_option("--limit", arguments.filter.limit, "Only the oldest so many")
      ->check(CLI::Range(1, 1000000));
  command->add_flag("--all", arguments.all, "Every dead letter, in place of a filter");
  AddConsent(*command, arguments.consent, arguments.note);
  return command;
}

void AddReplay(CLI::App& group, int& exit_code) {
  auto arguments = std::make_shared<DeadChangeArguments>();
  auto* command = AddChange(
      group, "replay", "Send dead letters again.",
      "postrider dead replay --destination cj --since 2h --note 'partner fixed'", *arguments);
  command->add_flag("--new-key", arguments->new_key,
                    "With a new Idempotency-Key: the partner takes it for another request");
  command->callback([arguments, &exit_code] { exit_code = RunDeadReplay(*arguments); });
}

void AddDiscard(CLI::App& group, int& exit_code) {
  auto arguments = std::make_shared<DeadChangeArguments>();
  auto* command =
      AddChange(group, "discard", "Give dead letters up.",
                "postrider dead discard --id 17 --id 18 --note 'test orders'", *arguments);
  command->callback([arguments, &exit_code] { exit_code = RunDeadDiscard(*arguments); });
}

void AddAmend(CLI::App& group, int& exit_code) {
  auto arguments = std::make_shared<DeadAmendArguments>();
  auto* command = AddCommand(
      group, "amend", "Replace a dead letter by an event with another payload or body.",
      "postrider dead amend 17 --payload-file fixed.json --note 'bad zip code'", arguments->common);
  command->add_option("ID", arguments->id, "Id of the dead letter")->required();
  auto* payload = command->add_option_group("payload")->require_option(1);
  payload->add_option("--payload", arguments->payload, "The new payload, JSON");
  payload->add_option("--payload-file", arguments->payload_file,
                      "File with the new payload; - for standard input");
  auto* body = payload->add_option("--body-file", arguments->body_file,
                                   "File with a new body that is not JSON; - for standard input");
  command->add_option("--content-type", arguments->content_type, "Of the body (default: as it was)")
      ->needs(body);
  command->add_option("--note", arguments->note, "Why; kept with the operation");
  command->callback([arguments, &exit_code] { exit_code = RunDeadAmend(*arguments); });
}

void AddExport(CLI::App& group, int& exit_code) {
  auto arguments = std::make_shared<DeadExportArguments>();
  auto* command =
      AddCommand(group, "export", "Write whole dead letters as JSON lines, the oldest first.",
                 "postrider dead export --destination cj --output cj.jsonl", arguments->common);
  AddDeadFilter(*command, arguments->filter);
  command->add_option("--limit", arguments->filter.limit, "Only the oldest so many")
      ->check(CLI::Range(1, 1000000000));
  command->add_option("--output", arguments->output, "File to write (default: standard output)");
  command->callback([arguments, &exit_code] { exit_code = RunDeadExport(*arguments); });
}

}  // namespace

void AddDeadCommands(CLI::App& app, int& exit_code) {
  CLI::App* group = AddGroup(app, "dead", "Look at dead letters; replay, discard or amend them.");
  AddSummary(*group, exit_code);
  AddList(*group, exit_code);
  AddShow(*group, exit_code);
  AddReplay(*group, exit_code);
  AddDiscard(*group, exit_code);
  AddAmend(*group, exit_code);
  AddExport(*group, exit_code);
}

}  // namespace postrider
