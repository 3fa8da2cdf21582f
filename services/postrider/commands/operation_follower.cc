#include "commands/operation_follower.h"

#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

namespace postrider {
namespace {

/// One line that is written again and again; nothing where nobody looks.
class ProgressLine {
 public:
  explicit ProgressLine(std::int64_t operation)
      : operation_(operation), terminal_(isatty(STDERR_FILENO) == 1) {}
  ~ProgressLine() {
    if (shown_) std::cerr << "\n";
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(const Json& state) {
    if (!terminal_) return;
    if (!shown_) {
      std::cerr << "Should this be interrupted, a relay goes on with operation " << operation_
                << "; 'postrider operation cancel " << operation_ << "' ends it.\n";
    }
    shown_ = true;
    std::cerr << "\r" << state["done"] << " of " << state["matched"] << std::flush;
  }

 private:
  std::int64_t operation_;
  bool terminal_;
  bool shown_ = false;
};

}  // namespace

Json FollowOperation(CommandContext& context, std::int64_t operation) {
  const std::string id = std::to_string(operation);
  Json state =
      context
          .Query("operations",
                 "SELECT status, matched, done, error FROM outbox.operations WHERE id = " + id)
          .at(0);
  ProgressLine progress(operation);
  while (state["status"] == "running") {
    progress.Show(state);
    state = context
                .Change("continue_operation",
                        "SELECT status, matched, done, error FROM outbox.continue_operation(" + id +
                            ")")
                .at(0);
  }
  return state;
}

}  // namespace postrider
