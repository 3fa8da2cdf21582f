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

std::string PayloadOf(const DeadAmendArguments& arguments) {
  if (arguments.payload_file.empty()) return arguments.payload;
  if (arguments.payload_file == "-") return ReadAll(std::cin);
  std::ifstream file(arguments.payload_file, std::ios::binary);
  std::string payload = ReadAll(file);
  if (file.bad() || !file.is_open()) {
    throw CommandError(kExitUsage, "--payload-file: cannot read " + arguments.payload_file,
                       "Name a file that this user may read, or - for standard input.");
  }
  return payload;
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

}  // namespace

int RunDeadAmend(const DeadAmendArguments& arguments) {
  const std::string payload = PayloadOf(arguments);
  RequireJson(payload);
  CommandContext context(arguments.common);
  const std::string id = std::to_string(arguments.id);
  const Json row =
      context
          .Change("amend_dead", "SELECT " + id + "::bigint AS id, outbox.amend_dead(" + id + ", " +
                                    context.Quote(payload) + ", " +
                                    context.QuoteOrNull(arguments.note) + ") AS event_id")
          .at(0);
  if (context.json()) {
    PrintJson(row);
  } else {
    std::cout << "dead letter " << id << " is replaced by event " << row["event_id"] << "\n";
  }
  return kExitDone;
}

}  // namespace postrider
