#include "faults/partner.h"

#include <utility>

namespace postrider::test {

Partner::Partner(Rule rule)
    : rule_(std::move(rule)), server_([this](postrider::testing::Peer& peer) {
        while (const auto request = peer.ReadRequest()) {
          const int status = StatusOf(*request);
          if (status == 0 || !peer.Send(postrider::testing::Answer(status, "{}"))) return;
        }
      }) {}

void Partner::Answer(Rule rule) {
  const std::lock_guard lock(mutex_);
  rule_ = std::move(rule);
}

void Partner::Answer(int status) {
  Answer([status](const RawRequest&) { return status; });
}

int Partner::StatusOf(const RawRequest& request) {
  const std::lock_guard lock(mutex_);
  return rule_(request);
}

std::vector<RawRequest> Partner::Of(EventId event, const std::string& path) const {
  std::vector<RawRequest> found;
  for (RawRequest& request : server_.requests()) {
    if (EventOf(request) != event || (!path.empty() && PathOf(request) != path)) continue;
    found.push_back(std::move(request));
  }
  return found;
}

std::vector<EventId> Partner::Events() const {
  std::vector<EventId> events;
  for (const RawRequest& request : server_.requests()) events.push_back(EventOf(request));
  return events;
}

EventId EventOf(const RawRequest& request) {
  return std::stoll(request.Header("Postrider-Event").value_or("0"));
}

std::string PathOf(const RawRequest& request) {
  const std::size_t begin = request.head.find(' ') + 1;
  return request.head.substr(begin, request.head.find(' ', begin) - begin);
}

}  // namespace postrider::test
