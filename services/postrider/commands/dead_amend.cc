#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/dead_changing.h"

namespace postrider {
namespace {

std::string ReadAll(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string ReadFile(const std::string& option, const std::string& name) {
  if (name == "-") return ReadAll(std::cin);
  std::ifstream file(name, std::ios::binary);
  std::string content = ReadAll(file);
  if (file.bad() || !file.is_open()) {
    throw CommandError(kExitUsage, option + ": cannot read " + name,
                       "Name a file that this user may read, or - for standard input.");
  }
  return content;
}

/// The database would refuse it, too, but does not say where the mistake is.
void RequireJson(const std::string& payload) {
  try {
    [[maybe_unused]] const Json parsed = Json::parse(payload);
  } catch (const Json::parse_error& error) {
    throw CommandError(
        kExitUsage, "the payload is not JSON: it breaks at byte " + std::to_string(error.byte),
        "The payload of an event is JSON text; a text by itself needs quotes: '\"text\"'.");
  }
}

/// The content as named arguments of outbox.amend_dead; read before anything is asked for.
std::string ContentOf(const DeadAmendArguments& arguments, CommandContext& context) {
  if (!arguments.body_file.empty()) {
    return "payload => NULL, body => " +
           context.QuoteBytes(ReadFile("--body-file", arguments.body_file)) + ", content_type => " +
           context.QuoteOrNull(arguments.content_type);
  }
  const std::string payload = arguments.payload_file.empty()
                                  ? arguments.payload
                                  : ReadFile("--payload-file", arguments.payload_file);
  RequireJson(payload);
  return "payload => " + context.Quote(payload);
}

}  // namespace

int RunDeadAmend(const DeadAmendArguments& arguments) {
  CommandContext context(arguments.common, Purpose::kChange);
  const std::string id = std::to_string(arguments.id);
  const Json row =
      context
          .Change("amend_dead", "SELECT " + id + "::bigint AS id, outbox.amend_dead(id => " + id +
                                    ", note => " + context.QuoteOrNull(arguments.note) + ", " +
                                    ContentOf(arguments, context) + ") AS event_id")
          .at(0);
  if (context.json()) {
    PrintJson(row);
  } else {
    std::cout << "dead letter " << id << " is replaced by event " << row["event_id"] << "\n";
  }
  return kExitDone;
}

}  // namespace postrider
