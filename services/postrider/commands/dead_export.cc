#include "commands/dead_export.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands/command_error.h"
#include "commands/command_line.h"

namespace postrider {
namespace {

constexpr std::int64_t kPage = 200;

/// Where the lines go: a file that appears under its name when all is written, or standard output.
class Sink {
 public:
  explicit Sink(const std::string& name) : name_(name), partial_(name + ".partial") {
    if (name_.empty()) return;
    const int descriptor =
        open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0 || (file_ = fdopen(descriptor, "w")) == nullptr) Fail();
  }
  ~Sink() {
    if (file_ == nullptr) return;
    std::fclose(file_);
    unlink(partial_.c_str());
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void Write(const std::string& line) {
    if (name_.empty()) {
      std::cout << line << "\n";
      if (!std::cout) throw CommandError(kExitFailed, "cannot write to standard output");
    } else if (std::fputs((line + "\n").c_str(), file_) == EOF) {
      Fail();
    }
  }

  void Finish() {
    if (name_.empty()) return;
    const bool written = std::fflush(file_) == 0 && fsync(fileno(file_)) == 0;
    if (!written || std::rename(partial_.c_str(), name_.c_str()) != 0) Fail();
    std::fclose(file_);
    file_ = nullptr;
  }

 private:
  [[noreturn]] void Fail() const {
    throw CommandError(kExitFailed, "cannot write " + name_ + ": " + std::strerror(errno),
                       "Name a file in a directory where this user may write.");
  }

  std::string name_;
  std::string partial_;
  std::FILE* file_ = nullptr;
};

/// The next letters above an id, all columns. What is not text in them is as PostgreSQL shows it.
Json NextPage(CommandContext& context, const std::string& condition, std::int64_t above,
              std::int64_t most) {
  return context.Query("dead_export",
                       "SELECT id, event_id, destination, topic, key, reason, class, http_status, "
                       "last_error, attempts, recorded_at, first_attempt_at, died_at, request, "
                       "answer, payload, body, content_type, headers, run, cause_id "
                       "FROM outbox.dead_letters WHERE " +
                           condition + " AND id > " + std::to_string(above) +
                           " ORDER BY id LIMIT " + std::to_string(most));
}

}  // namespace

int RunDeadExport(const DeadExportArguments& arguments) {
  CommandContext context(arguments.common);
  const std::string condition = DeadCondition(context, arguments.filter);
  const std::int64_t limit = arguments.filter.limit;
  std::int64_t count = 0;
  std::int64_t above = 0;
  Json page = NextPage(context, condition, above, limit > 0 ? std::min(limit, kPage) : kPage);
  if (page.empty()) throw CommandError(kExitNoMatch, "no open dead letter matches");
  Sink sink(arguments.output);
  while (!page.empty()) {
    for (const Json& letter : page) {
      sink.Write(letter.dump(-1, ' ', false, Json::error_handler_t::replace));
      above = letter["id"].get<std::int64_t>();
    }
    count += static_cast<std::int64_t>(page.size());
    if (limit > 0 && count >= limit) break;
    page = NextPage(context, condition, above, limit > 0 ? std::min(limit - count, kPage) : kPage);
  }
  sink.Finish();
  if (!arguments.output.empty()) {
    std::cerr << "wrote " << count << (count == 1 ? " dead letter" : " dead letters") << " to "
              << arguments.output << "\n";
  }
  return kExitDone;
}

}  // namespace postrider
