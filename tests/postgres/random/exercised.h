#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace postrider::test {

/// What a random run went through. A run that exercised nothing proves nothing.
struct Exercised {
  std::int64_t relay_crashes = 0;
  std::int64_t database_crashes = 0;
  std::int64_t sessions_cut = 0;
  std::int64_t canary_changes = 0;
  std::int64_t late_rows = 0;
  std::int64_t late_pages = 0;  ///< of the tail: more late rows than a page
  std::int64_t late_steps = 0;  ///< pages of late rows read while catching up
  std::int64_t recovery_pages = 0;
  std::int64_t fall_offs = 0;
  std::int64_t joins = 0;
  std::int64_t marks_closed = 0;
  std::int64_t positions_moved = 0;
  std::int64_t repeated_batches = 0;  ///< recorded again after a fault
  std::int64_t zombie_batches = 0;    ///< recorded by an owner that had lost its lane

  std::vector<std::pair<std::string, std::int64_t>> All() const {
    return {{"relay crashes", relay_crashes},
            {"database crashes", database_crashes},
            {"sessions cut", sessions_cut},
            {"canary changes", canary_changes},
            {"late rows", late_rows},
            {"late pages", late_pages},
            {"late steps", late_steps},
            {"recovery pages", recovery_pages},
            {"fall-offs", fall_offs},
            {"joins", joins},
            {"marks closed", marks_closed},
            {"positions moved", positions_moved},
            {"repeated batches", repeated_batches},
            {"zombie batches", zombie_batches}};
  }
};

}  // namespace postrider::test
