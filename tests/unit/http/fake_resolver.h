#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace postrider::testing {

/// Stands in for the system's resolver in this test binary, libcurl included: `getaddrinfo` asks it
/// first. Names that it does not know go to the real one. Names live as long as this does; a second
/// one at the same time is an error.
class FakeResolver {
 public:
  FakeResolver();
  /// Lets go of all queries that hang.
  ~FakeResolver();
  FakeResolver(const FakeResolver&) = delete;
  FakeResolver& operator=(const FakeResolver&) = delete;

  /// `name` has these (numeric) addresses, in this order.
  void Answer(const std::string& name, std::vector<std::string> addresses);

  /// A query for `name` does not come back while this lives.
  void Hang(const std::string& name);

  /// Waits until a query for a hanging name is under way; false after 20 s.
  bool WaitForQuery();
};

}  // namespace postrider::testing
