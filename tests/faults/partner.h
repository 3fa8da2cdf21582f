#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "postrider/model/event.h"
#include "support/hostile_server.h"

namespace postrider::test {

using postrider::testing::RawRequest;

/// A partner in the test's own process, for what the recording receiver does not keep: headers and
/// bodies, and answers that depend on the request.
class Partner {
 public:
  /// The status of the answer to a request; 0 closes the connection without one. Called by several
  /// threads, one at a time.
  using Rule = std::function<int(const RawRequest&)>;

  explicit Partner(Rule rule = [](const RawRequest&) { return 200; });

  void Answer(Rule rule);
  void Answer(int status);
  std::string Url(const std::string& path = "/") const { return server_.Url(path); }

  std::vector<RawRequest> Requests() const { return server_.requests(); }
  /// The requests for an event, in order; with `path`, only those to it.
  std::vector<RawRequest> Of(EventId event, const std::string& path = "") const;
  /// The events of all requests, in order.
  std::vector<EventId> Events() const;

 private:
  int StatusOf(const RawRequest& request);

  std::mutex mutex_;
  Rule rule_;  ///< guarded by mutex_
  postrider::testing::HostileServer server_;
};

EventId EventOf(const RawRequest& request);
std::string PathOf(const RawRequest& request);

}  // namespace postrider::test
