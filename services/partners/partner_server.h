#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "client_limits.h"
#include "partner_answer.h"
#include "partner_time.h"

namespace postrider::partners {

/// What a partner does with a request that has passed all limits and faults. Called by one thread
/// at a time.
struct PartnerApi {
  std::string collection;  ///< such as `/v1/shipments`: POST here, GET one below
  std::function<PartnerAnswer(const std::string& idempotency_key, const std::string& body,
                              Instant now)>
      create;
  std::function<PartnerAnswer(const std::string& name)> find;
  /// What the partner answers with status 200 when it is told to lie.
  std::function<nlohmann::json(const std::string& code)> lie;
  std::string api_key;   ///< needed in `X-Api-Key`; empty: none is
  LimitSettings limits;  ///< per client: by its API key, else by its address
};

/// A partner's HTTP API on 127.0.0.1, with `POST /_control` to make it misbehave (FaultSwitch) or
/// to change its key (`{"api_key": "new"}`), and `GET /_seen` for what it saw (RequestLog; `DELETE /_seen` forgets). Serves from construction to
/// destruction.
class PartnerServer {
 public:
  /// @param port   0: a free one
  /// Throws std::runtime_error when the port cannot be had.
  PartnerServer(PartnerApi api, PartnerClock clock, int port);

  /// Ends all connections, those of hanging requests too.
  ~PartnerServer();

  PartnerServer(const PartnerServer&) = delete;
  PartnerServer& operator=(const PartnerServer&) = delete;

  /// `http://127.0.0.1:PORT`
  std::string url() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::partners
