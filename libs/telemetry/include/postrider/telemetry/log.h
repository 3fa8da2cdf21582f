#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "postrider/model/settings.h"

namespace postrider {

/// A named value of a log line; docs/metrics.md lists the names. Borrows text: it is meant to be
/// built in the argument list of a call.
struct Field {
  using Value = std::variant<std::string_view, std::int64_t, double, bool>;

  Field(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  Field(std::string_view field_name, const std::string& text)
      : Field(field_name, std::string_view(text)) {}
  Field(std::string_view field_name, const char* text)
      : Field(field_name, std::string_view(text)) {}
  Field(std::string_view field_name, bool flag) : name(field_name), value(flag) {}
  Field(std::string_view field_name, double number) : name(field_name), value(number) {}
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  Field(std::string_view field_name, Integer number)
      : name(field_name), value(static_cast<std::int64_t>(number)) {}

  std::string_view name;
  Value value;
};

using Fields = std::initializer_list<Field>;

/// Writes one line per event of the process, as JSON or as text for people.
///
///     {"ts":"2025-01-31T12:00:00.123456Z","level":"info","event":"lane_taken","message":
///      "Took lane cj/0.","destination":"cj","shard":0}
///
/// `event` is a fixed snake_case name to search for, `message` a sentence. Control characters and
/// bytes that are not UTF-8 are written as escapes, values are cut at 4 KB, and a line never
/// contains a line break. Thread-safe; never throws: a line that cannot be written is lost.
class Logger {
 public:
  /// Writes to standard error, where LogFormat::kAuto is text on a terminal, else JSON.
  explicit Logger(const LogSettings& settings);

  /// Writes to a stream that must outlive the logger; LogFormat::kAuto is JSON.
  Logger(const LogSettings& settings, std::ostream& out);

  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  void Trace(std::string_view event, std::string_view message, Fields fields = {}) noexcept;
  void Debug(std::string_view event, std::string_view message, Fields fields = {}) noexcept;
  void Info(std::string_view event, std::string_view message, Fields fields = {}) noexcept;
  void Warning(std::string_view event, std::string_view message, Fields fields = {}) noexcept;
  void Error(std::string_view event, std::string_view message, Fields fields = {}) noexcept;

  void Log(LogLevel level, std::string_view event, std::string_view message,
           std::span<const Field> fields) noexcept;

  /// Whether a line of this level is written: to be asked before costly fields are prepared.
  bool Enabled(LogLevel level) const noexcept;

  /// May be called at any time, from any thread.
  void SetLevel(LogLevel level) noexcept;

 private:
  class Sink;

  const bool json_;
  const std::unique_ptr<Sink> sink_;
};

}  // namespace postrider
