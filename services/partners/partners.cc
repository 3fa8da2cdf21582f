#include "partners.h"

#include <mutex>
#include <utility>

namespace postrider::partners {

using nlohmann::json;

class Partners::SharedState {
 public:
  explicit SharedState(const std::string& path) : file_(path) {}

  const std::vector<json>& earlier() const { return file_.earlier(); }

  void Append(const std::string& partner, json record) {
    record["partner"] = partner;
    const std::lock_guard lock(mutex_);
    file_.Append(record);
  }

 private:
  std::mutex mutex_;
  StateFile file_;
};

namespace {

PartnerApi CjApi(ShipmentDesk& desk, const PartnersSettings& settings) {
  PartnerApi api;
  api.collection = "/v1/shipments";
  api.create = [&desk](const std::string& key, const std::string& body, Instant now) {
    return desk.Create(key, body, now);
  };
  api.find = [&desk](const std::string& order_id) { return desk.Find(order_id); };
  api.lie = [](const std::string& code) {
    return json{{"resultCode", code}, {"message", "internal error"}};
  };
  api.api_key = settings.cj_key;
  api.limits = settings.cj_limits;
  return api;
}

PartnerApi KakaoApi(AlimtalkDesk& desk) {
  PartnerApi api;
  api.collection = "/v1/alimtalk";
  api.create = [&desk](const std::string& key, const std::string& body, Instant now) {
    return desk.Send(key, body, now);
  };
  api.find = [&desk](const std::string& key) { return desk.Find(key); };
  api.lie = [](const std::string& code) {
    return json{{"code", code}, {"message", "internal error"}};
  };
  return api;
}

}  // namespace

Partners::Partners(const PartnersSettings& settings, const PartnerClock& clock)
    : state_(std::make_shared<SharedState>(settings.state_file)),
      shipments_(settings.keep,
                 [state = state_](const json& record) { state->Append("cj", record); }),
      alimtalk_([state = state_](const json& record) { state->Append("kakao", record); }) {
  for (const json& record : state_->earlier()) {
    if (record.value("partner", "") == "cj") shipments_.Restore(record);
    if (record.value("partner", "") == "kakao") alimtalk_.Restore(record);
  }
  cj_ = std::make_unique<PartnerServer>(CjApi(shipments_, settings), clock, settings.cj_port);
  kakao_ = std::make_unique<PartnerServer>(KakaoApi(alimtalk_), clock, settings.kakao_port);
}

PartnerClock SteadyWallClock() {
  const auto wall = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const auto steady = std::chrono::steady_clock::now();
  return [wall, steady] {
    return wall + std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - steady);
  };
}

}  // namespace postrider::partners
