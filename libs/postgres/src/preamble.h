#pragma once

#include <string>
#include <string_view>

#include "postrider/model/time.h"

namespace postrider {

/// What is said in front of a statement so that it runs as it is meant to, whatever the session is
/// set to: behind a pooler it is shared with others, who may have left their settings in it. Holds
/// for one transaction, and leaves nothing behind.
///
/// Most sessions need no more than READ COMMITTED, READ WRITE and the limit. The rest is learned
/// from what the server refuses.
class Preamble {
 public:
  /// @param limit  0: none
  std::string Text(milliseconds limit) const;

  /// Whether the statement that was refused so may succeed with another preamble, which this is
  /// then.
  bool Learn(std::string_view sqlstate);

 private:
  bool writes_ = true;        ///< false: the server is a standby
  bool resets_role_ = false;  ///< somebody has set a role with other rights
};

}  // namespace postrider
