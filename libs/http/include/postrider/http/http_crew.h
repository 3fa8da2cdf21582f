#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "postrider/http/http_client.h"

namespace postrider {

/// Shares the requests of one user over the clients of several loops: sending a request costs more
/// than deciding on it, so a user with many at once needs more than the one core of its own loop.
///
/// Up to its part, requests go by the user's own loop. So few requests at a time stay on one thread
/// and use the same connections again. A part is an equal share of `most`, at least 16, and a
/// client gets a request only while those before it have all of their parts: together they never
/// have more connections for the user than `most`.
///
/// All of it belongs to the thread of the first member's loop. When the crew goes, the answers that
/// have not come are dropped. Why: docs/decisions/0025-requests-of-a-lane-on-several-loops.md.
class HttpCrew {
 public:
  /// A loop with its client; both outlive the crew, and the loop all requests that it has begun.
  struct Member {
    EventLoop* loop;
    HttpClient* client;
  };

  /// @param members  the user's own first; at least one
  /// @param most     requests under way at once
  HttpCrew(std::vector<Member> members, int most);

  /// As HttpClient::Start. With `written` the request stays on the user's own loop: who wants to
  /// know the moment wants it at once.
  void Start(HttpRequest request, std::shared_ptr<const EgressGuard> guard, HttpClient::Done done,
             HttpClient::Written written = {});

 private:
  using UnderWay = std::vector<std::size_t>;

  std::size_t Choose() const;
  void Lend(std::size_t member, HttpRequest request, std::shared_ptr<const EgressGuard> guard,
            HttpClient::Done done);

  const std::vector<Member> members_;
  const std::size_t part_;
  /// Of each member. Answers look whether it lives.
  std::shared_ptr<UnderWay> under_way_;
};

}  // namespace postrider
