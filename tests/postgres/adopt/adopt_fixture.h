#pragma once

#include <list>
#include <string>
#include <vector>

#include "faults/faults_fixture.h"
#include "faults/partner.h"

namespace postrider::test {

/// What `postrider adopt` said.
struct Adoption {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// A shop with one partner, whose relay is told to go on with an outbox that is not as it was.
class AdoptTest : public FaultsTest {
 protected:
  explicit AdoptTest(PostgresServer& server = SharedServer()) : FaultsTest(server) {}

  /// The configuration of a relay on that database.
  ShopConfig ConfigOf(const std::string& conninfo, const std::string& installation = "") const;
  ShopConfig ConfigOf() const { return ConfigOf(shop_.Conninfo()); }

  /// Starts a relay and waits until it says why it is not ready. Nothing may be sent meanwhile.
  RelayProcess& StartUnreadyRelay(const ShopConfig& config);
  /// Runs `postrider adopt --MODE --yes --note test`.
  Adoption Adopt(const std::string& mode, const ShopConfig& config,
                 const std::string& consent = "--yes");
  bool BecomesReady(RelayProcess& relay) {
    return Eventually([&] { return relay.Ready(); });
  }

  /// One event delivered, one scheduled in the backlog, one in the log that no relay has seen; no
  /// relay runs any more.
  void LeavePending(const ShopConfig& config);
  /// Waits until exactly these have arrived since LeavePending, in any order.
  bool Arrive(std::vector<EventId> expected);
  std::vector<EventId> ArrivedSince() const;

  Partner partner_;
  EventId delivered_ = 0;
  EventId scheduled_ = 0;
  EventId unseen_ = 0;
  std::size_t arrived_ = 0;  ///< requests before what is looked at
};

}  // namespace postrider::test
