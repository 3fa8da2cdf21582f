#pragma once

#include <memory>
#include <string>

#include "alimtalk_desk.h"
#include "client_limits.h"
#include "partner_server.h"
#include "partner_time.h"
#include "shipment_desk.h"
#include "state_file.h"

namespace postrider::partners {

struct PartnersSettings {
  int cj_port = 0;     ///< 0: a free one
  int kakao_port = 0;  ///< 0: a free one
  std::string cj_key;  ///< empty: no X-Api-Key is asked for
  LimitSettings cj_limits;
  Duration keep = std::chrono::hours(24);  ///< how long CJ remembers an Idempotency-Key
  std::string state_file;                  ///< empty: all is forgotten at the end
};

/// Both stand-ins, serving from construction to destruction.
class Partners {
 public:
  /// Throws std::runtime_error when a port or the state file cannot be had.
  Partners(const PartnersSettings& settings, const PartnerClock& clock);

  std::string cj_url() const { return cj_->url(); }
  std::string kakao_url() const { return kakao_->url(); }

 private:
  /// The desks of both servers write to it, each under its own server's lock.
  class SharedState;

  std::shared_ptr<SharedState> state_;
  ShipmentDesk shipments_;
  AlimtalkDesk alimtalk_;
  std::unique_ptr<PartnerServer> cj_;
  std::unique_ptr<PartnerServer> kakao_;
};

/// The wall clock at the start, then steadily on.
PartnerClock SteadyWallClock();

}  // namespace postrider::partners
