#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "postrider/engine/lane.h"
#include "postrider/http/http_client.h"
#include "postrider/telemetry/log.h"
#include "relay/database_clock.h"
#include "relay/endpoints.h"
#include "relay/lane_runner.h"

namespace postrider {

/// Sees to it that a lane has credentials: fetches the tokens of its endpoints when nobody else
/// does, and tells the lane when there is none, and when refused ones have changed. Belongs to the
/// loop's thread; all borrowed parts must outlive it.
class CredentialKeeper {
 public:
  struct Parts {
    EventLoop& loop;
    HttpClient& http;
    DatabaseClock& clock;
    Logger& log;
    Lane& lane;
    LaneRunner& runner;
  };

  /// @param destination  its name, for the log
  CredentialKeeper(std::shared_ptr<const Endpoints> endpoints, std::string destination,
                   const Parts& parts);
  ~CredentialKeeper();
  CredentialKeeper(const CredentialKeeper&) = delete;
  CredentialKeeper& operator=(const CredentialKeeper&) = delete;

  /// Looks after the tokens now, and from here on by itself.
  void Tend();

  /// The partner refused the credentials of a request that began at `sent_at`.
  void OnRefused(std::size_t endpoint, Timestamp sent_at);

 private:
  Timestamp FetchInTurn(std::size_t endpoint, Timestamp now);
  void Fetch(std::size_t endpoint);
  void OnFetched(std::size_t endpoint, const std::string& problem);
  void LookForChange();
  std::size_t Fingerprint() const;
  void SetTimer(Timestamp at);

  const std::shared_ptr<const Endpoints> endpoints_;
  const std::string destination_;
  const Parts parts_;
  EventLoop::TimerId timer_;
  bool refused_ = false;
  std::size_t refused_fingerprint_ = 0;
  std::vector<bool> had_token_;  ///< by endpoint
};

}  // namespace postrider
