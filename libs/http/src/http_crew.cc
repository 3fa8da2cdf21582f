#include "postrider/http/http_crew.h"

#include <algorithm>
#include <utility>

namespace postrider {
namespace {

constexpr std::size_t kLeastPart = 16;

}  // namespace

HttpCrew::HttpCrew(std::vector<Member> members, int most)
    : members_(std::move(members)),
      part_(std::max(kLeastPart,
                     (static_cast<std::size_t>(most) + members_.size() - 1) / members_.size())),
      under_way_(std::make_shared<UnderWay>(members_.size())) {}

/// More than all parts together, as questions beside deliveries may be, are the user's own.
std::size_t HttpCrew::Choose() const {
  const auto found = std::find_if(under_way_->begin(), under_way_->end(),
                                  [this](std::size_t requests) { return requests < part_; });
  return found == under_way_->end() ? 0 : static_cast<std::size_t>(found - under_way_->begin());
}

void HttpCrew::Start(HttpRequest request, std::shared_ptr<const EgressGuard> guard,
                     HttpClient::Done done, HttpClient::Written written) {
  const std::size_t member = written ? 0 : Choose();
  ++(*under_way_)[member];
  if (member != 0) return Lend(member, std::move(request), std::move(guard), std::move(done));
  const EgressGuard* const borrowed = guard.get();
  members_[0].client->Start(
      std::move(request), borrowed,
      [under_way = std::weak_ptr(under_way_), guard = std::move(guard),
       done = std::move(done)](HttpAnswer answer) {
        const auto counts = under_way.lock();
        if (counts == nullptr) return;
        --(*counts)[0];
        done(std::move(answer));
      },
      std::move(written));
}

void HttpCrew::Lend(std::size_t member, HttpRequest request,
                    std::shared_ptr<const EgressGuard> guard, HttpClient::Done done) {
  auto bring_home = [home = members_[0].loop, member, under_way = std::weak_ptr(under_way_), guard,
                     done = std::move(done)](HttpAnswer answer) mutable {
    home->Post([member, under_way = std::move(under_way), done = std::move(done),
                answer = std::move(answer)]() mutable {
      const auto counts = under_way.lock();
      if (counts == nullptr) return;
      --(*counts)[member];
      done(std::move(answer));
    });
  };
  const Member& lent = members_[member];
  lent.loop->Post([client = lent.client, request = std::move(request), guard = std::move(guard),
                   bring_home = std::move(bring_home)]() mutable {
    client->Start(std::move(request), guard.get(), std::move(bring_home));
  });
}

}  // namespace postrider
