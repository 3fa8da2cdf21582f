#include "postrider/telemetry/log.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "field_text.h"

namespace postrider {
namespace {

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace: return spdlog::level::trace;
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace: return "trace";
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "?";
}

/// RFC 3339 in UTC with microseconds. The local clock is right here: this is when it was said.
std::string NowText() {
  using std::chrono::duration_cast;
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const auto whole = duration_cast<std::chrono::seconds>(since);
  const auto micros = duration_cast<std::chrono::microseconds>(since - whole).count();
  const std::time_t unix_time = whole.count();
  std::tm utc{};
  gmtime_r(&unix_time, &utc);
  char text[64];
  std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  size += static_cast<std::size_t>(
      std::snprintf(text + size, sizeof text - size, ".%06dZ", static_cast<int>(micros)));
  return {text, size};
}

std::string JsonLine(LogLevel level, std::string_view event, std::string_view message,
                     std::span<const Field> fields) {
  std::string line = "{\"ts\":\"" + NowText() + "\",\"level\":\"";
  line += LevelName(level);
  line += "\",\"event\":";
  AppendJsonString(line, event);
  line += ",\"message\":";
  AppendJsonString(line, message);
  for (const Field& field : fields) {
    line += ',';
    AppendJsonString(line, field.name);
    line += ':';
    AppendJsonValue(line, field.value);
  }
  line += '}';
  return line;
}

std::string TextLine(LogLevel level, std::string_view event, std::string_view message,
                     std::span<const Field> fields) {
  std::string line = NowText();
  const std::string_view name = LevelName(level);
  line += ' ';
  line += name;
  line.append(8 - name.size(), ' ');
  AppendPlain(line, message);
  line += "  [";
  AppendPlain(line, event);
  line += ']';
  for (const Field& field : fields) {
    line += ' ';
    AppendPlain(line, field.name);
    line += '=';
    AppendPlainValue(line, field.value);
  }
  return line;
}

bool WantsJson(LogFormat format, bool terminal) {
  return format == LogFormat::kJson || (format == LogFormat::kAuto && !terminal);
}

}  // namespace

class Logger::Sink {
 public:
  Sink(LogLevel level, spdlog::sink_ptr sink) : logger_("postrider", std::move(sink)) {
    logger_.set_pattern("%v");
    logger_.set_level(SpdlogLevel(level));
    logger_.flush_on(spdlog::level::trace);
    // The default handler would write about the error to the same place.
    logger_.set_error_handler([](const std::string&) {});
  }

  spdlog::logger& logger() { return logger_; }

 private:
  spdlog::logger logger_;
};

Logger::Logger(const LogSettings& settings)
    : json_(WantsJson(settings.format, isatty(STDERR_FILENO) == 1)),
      sink_(std::make_unique<Sink>(settings.level,
                                   std::make_shared<spdlog::sinks::stderr_sink_mt>())) {}

Logger::Logger(const LogSettings& settings, std::ostream& out)
    : json_(WantsJson(settings.format, false)),
      sink_(std::make_unique<Sink>(settings.level,
                                   std::make_shared<spdlog::sinks::ostream_sink_mt>(out))) {}

Logger::~Logger() = default;

void Logger::Trace(std::string_view event, std::string_view message, Fields fields) noexcept {
  Log(LogLevel::kTrace, event, message, fields);
}

void Logger::Debug(std::string_view event, std::string_view message, Fields fields) noexcept {
  Log(LogLevel::kDebug, event, message, fields);
}

void Logger::Info(std::string_view event, std::string_view message, Fields fields) noexcept {
  Log(LogLevel::kInfo, event, message, fields);
}

void Logger::Warning(std::string_view event, std::string_view message, Fields fields) noexcept {
  Log(LogLevel::kWarning, event, message, fields);
}

void Logger::Error(std::string_view event, std::string_view message, Fields fields) noexcept {
  Log(LogLevel::kError, event, message, fields);
}

void Logger::Log(LogLevel level, std::string_view event, std::string_view message,
                 std::span<const Field> fields) noexcept {
  if (!Enabled(level)) return;
  try {
    const std::string line = json_ ? JsonLine(level, event, message, fields)
                                   : TextLine(level, event, message, fields);
    sink_->logger().log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {  // out of memory: a lost line is better than a lost relay
  }
}

bool Logger::Enabled(LogLevel level) const noexcept {
  return sink_->logger().should_log(SpdlogLevel(level));
}

void Logger::SetLevel(LogLevel level) noexcept { sink_->logger().set_level(SpdlogLevel(level)); }

}  // namespace postrider
