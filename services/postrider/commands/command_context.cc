#include "commands/command_context.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "commands/command_error.h"
#include "commands/command_line.h"
#include "commands/configuration.h"
#include "commands/time_argument.h"
#include "postrider/config/secrets.h"
#include "postrider/postgres/conninfo.h"

namespace postrider {
namespace {

constexpr milliseconds kLookLimit{60000};
/// What changes something takes as long as it takes.
constexpr milliseconds kNoLimit{0};

std::unique_ptr<Connection> Connect(const DatabaseSettings& database, Purpose purpose) {
  SecretReader secrets(ProcessEnvironment());
  const auto connect = [&](ServerKind kind) {
    return std::make_unique<Connection>(
        MakeConninfo(database, secrets.Resolver(), "postrider/command", kind));
  };
  try {
    return connect(ServerKind::kReadWrite);
  } catch (const DatabaseFault& fault) {
    // What libpq says of a server that only reads.
    const std::string_view message = fault.what();
    const bool standby = message.find("read-only") != std::string_view::npos;
    if (purpose == Purpose::kChange || !standby) throw;
  }
  return connect(ServerKind::kAny);
}

/// Who asks, by the system: behind sudo the one who said it.
std::string UserOfThisMachine() {
  const char* behind_sudo = std::getenv("SUDO_USER");
  if (behind_sudo != nullptr && *behind_sudo != '\0') return behind_sudo;
  const passwd* user = getpwuid(getuid());
  return user != nullptr ? user->pw_name : std::to_string(getuid());
}

}  // namespace

CommandContext::CommandContext(const CommonOptions& options, Purpose purpose)
    : json_(options.json),
      settings_(LoadSettings(options.config, SecretsNeeded::kDatabase)),
      connection_(Connect(settings_.database, purpose)) {}

Json CommandContext::Query(std::string_view query_name, const std::string& select) {
  return Run(query_name, "SET LOCAL jit = off; ", select, kLookLimit);
}

Json CommandContext::Change(std::string_view query_name, const std::string& select) {
  return Run(query_name,
             "SET LOCAL lock_timeout = '30s'; SET LOCAL postrider.acting_for = " +
                 Quote(UserOfThisMachine()) + "; ",
             select, kNoLimit);
}

Json CommandContext::Run(std::string_view query_name, const std::string& settings,
                         const std::string& select, milliseconds limit) {
  const Rows rows = connection_->Execute(query_name,
                                         "SET LOCAL TimeZone = 'UTC'; " + settings +
                                             "SELECT row_to_json(r) FROM (" + select + ") AS r",
                                         limit);
  Json result = Json::array();
  for (int row = 0; row < rows.size(); ++row) result.push_back(Json::parse(rows.Text(row, 0)));
  return result;
}

std::string CommandContext::QuoteOrNull(std::string_view text) const {
  return text.empty() ? "null" : Quote(text);
}

std::string CommandContext::PinnedTime(const std::string& option, const std::string& text) {
  const Json rows = Query("now", "SELECT " + TimeExpression(option, text) + " AS time");
  return Quote(rows.at(0)["time"].get<std::string>()) + "::timestamptz";
}

void CommandContext::RequireDestination(const std::string& name) {
  const Json known = Query("destinations",
                           "SELECT destination FROM outbox.status WHERE destination IS NOT NULL "
                           "ORDER BY destination");
  std::string names;
  for (const Json& row : known) {
    if (row["destination"] == name) return;
    names += (names.empty() ? "" : ", ") + row["destination"].get<std::string>();
  }
  throw CommandError(kExitUsage, "there is no destination '" + name + "'",
                     names.empty() ? "None is known yet: a relay registers them when it starts."
                                   : "Known are: " + names + ".");
}

}  // namespace postrider
