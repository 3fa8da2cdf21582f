#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "commands/command_options.h"
#include "commands/json_output.h"
#include "postrider/model/settings.h"
#include "postrider/postgres/connection.h"

namespace postrider {

/// What a command wants of the database. Looking is possible on a standby, too; it is taken only
/// when no server that can be written is reached.
enum class Purpose { kLook, kChange };

/// What a command that asks the database works with: the settings and a connection. Only the secret
/// of the database is needed.
class CommandContext {
 public:
  /// Loads the configuration and connects. Throws CommandError or DatabaseFault.
  explicit CommandContext(const CommonOptions& options, Purpose purpose = Purpose::kLook);

  bool json() const { return json_; }
  const Settings& settings() const { return settings_; }
  Connection& connection() { return *connection_; }

  /// Runs one SELECT of at most 60 s, with times in UTC. Returns an array of objects, the keys
  /// being the names of its columns.
  Json Query(std::string_view query_name, const std::string& select);

  /// The same for a SELECT that changes something: without a limit of time but for locks, and in
  /// the name of the user of this machine (`performed_by` in outbox.operations).
  Json Change(std::string_view query_name, const std::string& select);

  std::string Quote(std::string_view text) const { return connection_->Quote(text); }
  std::string QuoteBytes(std::string_view bytes) const { return connection_->QuoteBytes(bytes); }
  /// `null` for an empty text.
  std::string QuoteOrNull(std::string_view text) const;

  /// A time as TimeExpression takes it, fixed to its present value by the clock of the database:
  /// SQL of type timestamptz that means the same in every statement that follows.
  std::string PinnedTime(const std::string& option, const std::string& text);

  /// Throws CommandError (wrong usage) that names the known destinations unless this is one of
  /// them.
  void RequireDestination(const std::string& name);

 private:
  Json Run(std::string_view query_name, const std::string& settings, const std::string& select,
           milliseconds limit);

  const bool json_;
  const Settings settings_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace postrider
