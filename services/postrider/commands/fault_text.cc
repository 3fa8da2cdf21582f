#include "commands/fault_text.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "commands/command_line.h"

namespace postrider {
namespace {

struct ServerMessage {
  std::string what;
  std::string hint;
};

bool IsFieldName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == ' ' || c >= 0x80;
  });
}

/// Takes `ERROR:  message`, `HINT:  ...` and so on apart. DETAIL may quote whole rows, CONTEXT and
/// LINE speak of SQL that the user did not write: they are left out.
ServerMessage Split(std::string_view text) {
  ServerMessage message;
  std::string ignored;
  std::string* field = &message.what;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto colon = line.find(": ");
    if (colon != std::string_view::npos && IsFieldName(line.substr(0, colon))) {
      const std::string_view name = line.substr(0, colon);
      field = message.what.empty() ? &message.what : name == "HINT" ? &message.hint : &ignored;
      line.remove_prefix(std::min(line.find_first_not_of(' ', colon + 1), line.size()));
    }
    if (!field->empty()) *field += ' ';
    *field += line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
  }
  return message;
}

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string ConnectionHint(std::string_view text) {
  if (Has(text, "password") || Has(text, "authentication") || Has(text, "pg_hba")) {
    return "Check the user in database.url and the secret database.password.";
  }
  if (Has(text, "database \"") && Has(text, "does not exist")) {
    return "Check the name of the database in database.url.";
  }
  if (Has(text, "role \"")) return "Check the user in database.url.";
  if (Has(text, "unsupported startup parameter")) {
    return "A pooler stands between that does not take this parameter. Leave it out of "
           "database.url and the PG* variables, or name it in ignore_startup_parameters of "
           "PgBouncer.";
  }
  if (Has(text, "translate host name")) return "Check the host in database.url, and DNS.";
  if (Has(text, "read-only")) {
    return "That server is a standby. Name the primary, or all hosts, in database.url.";
  }
  return "Check host and port in database.url, and that PostgreSQL runs there and may be reached.";
}

std::string StatementHint(const std::string& sqlstate) {
  if (sqlstate == "42P01" || sqlstate == "3F000" || sqlstate == "42883" || sqlstate == "42703") {
    return "This database lacks the schema outbox of this version: run 'postrider migrate', or "
           "check database.url.";
  }
  if (sqlstate == "42501") {
    return "Connect as a member of the role outbox_operator (to look: outbox_viewer).";
  }
  if (sqlstate == "57014") return "It took too long. Narrow the filter, or try again later.";
  if (sqlstate == "55P03") return "Another transaction holds the rows. Try again.";
  return {};
}

int ExitCodeOf(const std::string& sqlstate) {
  if (sqlstate == "42704" || sqlstate.starts_with("22")) return kExitUsage;
  return sqlstate == "P0002" ? kExitNoMatch : kExitFailed;
}

}  // namespace

CommandError ExplainFault(const DatabaseFault& fault) {
  ServerMessage message = Split(fault.what());
  if (fault.query_name() == "connect") {
    return CommandError(kExitFailed, "cannot connect to the database: " + message.what,
                        ConnectionHint(message.what));
  }
  if (fault.connection_lost()) {
    return CommandError(kExitFailed, "the connection to the database broke: " + message.what,
                        fault.commit_in_doubt()
                            ? "Whether the change was made is not known: look, then try again."
                            : "Try again.");
  }
  if (message.hint.empty()) message.hint = StatementHint(fault.sqlstate());
  return CommandError(ExitCodeOf(fault.sqlstate()), message.what, message.hint);
}

}  // namespace postrider
