#include "alimtalk_desk.h"

#include <algorithm>
#include <utility>

namespace postrider::partners {
namespace {

using nlohmann::json;

PartnerAnswer Answer(const std::string& code, const std::string& message) {
  return {200, {{"code", code}, {"message", message}}, code == "0000" ? "accepted" : code};
}

/// A Korean mobile number: `010-1234-5678`, with or without hyphens, or with `+82` for the 0.
bool IsPhone(const json& value) {
  if (!value.is_string()) return false;
  std::string digits = value.get<std::string>();
  digits.erase(std::remove(digits.begin(), digits.end(), '-'), digits.end());
  if (digits.rfind("+82", 0) == 0) digits.replace(0, 3, "0");
  const bool numeric =
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return numeric && digits.rfind("01", 0) == 0 && (digits.size() == 10 || digits.size() == 11);
}

bool IsTemplateCode(const json& value) {
  if (!value.is_string()) return false;
  const auto& code = value.get_ref<const std::string&>();
  return !code.empty() && code.size() <= 30 &&
         code.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
             std::string::npos;
}

bool AreVariables(const json& value) {
  if (value.is_null()) return true;
  return value.is_object() &&
         std::all_of(value.begin(), value.end(), [](const json& v) { return v.is_string(); });
}

}  // namespace

AlimtalkDesk::AlimtalkDesk(Recorder recorder) : recorder_(std::move(recorder)) {}

PartnerAnswer AlimtalkDesk::Send(const std::string& idempotency_key, const std::string& body,
                                 Instant now) {
  const json request = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object()) return Answer("E101", "the body is not a JSON object");
  if (!IsPhone(request.value("phone", json()))) return Answer("E104", "invalid phone");
  if (!IsTemplateCode(request.value("template_code", json()))) {
    return Answer("E105", "invalid template_code");
  }
  if (!AreVariables(request.value("variables", json()))) {
    return Answer("E106", "variables must be an object of strings");
  }
  const json record{{"key", idempotency_key},
                    {"message_id", "KA" + std::to_string(last_number_ + 1)},
                    {"number", last_number_ + 1},
                    {"created_us", now.time_since_epoch().count()}};
  recorder_(record);
  Remember(record);
  PartnerAnswer answer = Answer("0000", "sent");
  answer.body["message_id"] = record["message_id"];
  return answer;
}

PartnerAnswer AlimtalkDesk::Find(const std::string& idempotency_key) const {
  const auto found = sent_.find(idempotency_key);
  if (found == sent_.end()) {
    return {404, {{"code", "E404"}, {"message", "no message under this key"}}, "not_found"};
  }
  PartnerAnswer answer = Answer("0000", "sent");
  answer.outcome = "found";
  answer.body["message_id"] = found->second.message_id;
  answer.body["messages"] = found->second.count;
  return answer;
}

void AlimtalkDesk::Restore(const json& record) { Remember(record); }

void AlimtalkDesk::Remember(const json& record) {
  last_number_ = std::max(last_number_, record.at("number").get<std::int64_t>());
  const auto key = record.at("key").get<std::string>();
  if (key.empty()) return;
  Sent& sent = sent_[key];
  sent.message_id = record.at("message_id").get<std::string>();
  ++sent.count;
}

}  // namespace postrider::partners
