#include "commands/event_commands.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "commands/command_options.h"
#include "commands/event_cancel.h"
#include "commands/event_list.h"
#include "commands/event_show.h"
#include "commands/event_trace.h"

namespace postrider {
namespace {

void AddList(CLI::App& group, int& exit_code) {
  auto arguments = std::make_shared<EventListArguments>();
  auto* command = AddCommand(group, "list", "List deliveries, the newest event first.",
                             "postrider event list --key order-42 --since 3d", arguments->common);
  command->add_option("--key", arguments->key, "Of the event");
  command->add_option("--topic", arguments->topic, "Exact, or a prefix such as 'shipment.*'");
  command->add_option("--destination", arguments->destination, "Of the delivery");
  command->add_option("--state", arguments->state, "Of the delivery")
      ->check(CLI::IsMember({"queued", "scheduled", "retrying", "verifying", "blocked", "sending",
                             "delivered", "dead", "expired", "discarded", "cancelled"}));
  command->add_option("--since", arguments->since, "Recorded since: a time, a date, or 15m, 2h, 3d")
      ->capture_default_str();
  command->add_option("--limit", arguments->limit, "At most so many rows")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = RunEventList(*arguments); });
}

void AddShow(CLI::App& group, int& exit_code) {
  auto arguments = std::make_shared<EventShowArguments>();
  auto* command = AddCommand(group, "show", "Show an event, its deliveries, attempts and payload.",
                             "postrider event show 4711", arguments->common);
  command->add_option("ID", arguments->id, "Id of the event")->required();
  command->callback([arguments, &exit_code] { exit_code = RunEventShow(*arguments); });
}

void AddTrace(CLI::App& group, int& exit_code) {
  auto arguments = std::make_shared<EventTraceArguments>();
  auto* command = AddCommand(group, "trace", "Show what led to an event and what it led to.",
                             "postrider event trace 4711", arguments->common);
  command->add_option("ID", arguments->id, "Id of any event of the family")->required();
  command->callback([arguments, &exit_code] { exit_code = RunEventTrace(*arguments); });
}

void AddCancel(CLI::App& group, int& exit_code) {
  auto arguments = std::make_shared<EventCancelArguments>();
  auto* command = AddCommand(
      group, "cancel", "Ask not to send an event that has not been sent yet.",
      "postrider event cancel 4711 --destination cj --note 'order void'", arguments->common);
  command->add_option("ID", arguments->id, "Id of the event")->required();
  command->add_option("--destination", arguments->destination, "Only there (default: everywhere)");
  command->add_option("--note", arguments->note, "Why; kept with the operation");
  command->add_option("--wait", arguments->wait, "For the relay's decision")->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = RunEventCancel(*arguments); });
}

}  // namespace

void AddEventCommands(CLI::App& app, int& exit_code) {
  CLI::App* group = AddGroup(app, "event", "Look at events and their deliveries; cancel them.");
  AddList(*group, exit_code);
  AddShow(*group, exit_code);
  AddTrace(*group, exit_code);
  AddCancel(*group, exit_code);
}

}  // namespace postrider
