#include "shipment_desk.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace postrider::partners {
namespace {

using nlohmann::json;

PartnerAnswer Refuse(int status, const std::string& error, const std::string& message) {
  return {status,
          {{"resultCode", "E" + std::to_string(status)}, {"error", error}, {"message", message}},
          error};
}

std::string TrackingNumber(std::int64_t number) {
  const std::string digits = std::to_string(number);
  return "CJ" + std::string(10 - std::min<std::size_t>(digits.size(), 10), '0') + digits;
}

/// An order is named by a string or a number.
std::string OrderId(const json& request) {
  const auto found = request.find("order_id");
  if (found == request.end()) return "";
  if (found->is_string()) return found->get<std::string>();
  return found->is_number_integer() ? found->dump() : "";
}

bool IsEmpty(const json& request, const char* name) {
  const auto found = request.find(name);
  return found == request.end() || found->is_null() || found->empty() ||
         (found->is_string() &&
          found->get_ref<const std::string&>().find_first_not_of(" \t\r\n") == std::string::npos);
}

std::optional<std::string> WrongItems(const json& items) {
  if (!items.is_array() || items.empty()) return "items must be a list of at least one";
  for (const json& item : items) {
    if (!item.is_object() || IsEmpty(item, "sku")) return "an item has no sku";
    const auto quantity = item.find("quantity");
    if (quantity == item.end() || !quantity->is_number_integer() || *quantity <= 0) {
      return "the quantity of an item must be a whole number above 0";
    }
  }
  return std::nullopt;
}

/// Why a request cannot be shipped.
std::optional<std::string> WrongWith(const json& request) {
  if (OrderId(request).empty()) return "order_id is missing";
  if (IsEmpty(request, "address")) return "address is missing";
  if (const auto items = request.find("items"); items != request.end()) return WrongItems(*items);
  if (const auto quantity = request.find("quantity");
      quantity != request.end() && (!quantity->is_number_integer() || *quantity <= 0)) {
    return "quantity must be a whole number above 0";
  }
  return std::nullopt;
}

}  // namespace

ShipmentDesk::ShipmentDesk(Duration keep, Recorder recorder)
    : keep_(keep), recorder_(std::move(recorder)) {}

PartnerAnswer ShipmentDesk::Create(const std::string& idempotency_key, const std::string& body,
                                   Instant now) {
  const json request = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object()) return Refuse(400, "malformed", "the body is not a JSON object");
  if (const auto wrong = WrongWith(request)) return Refuse(422, "invalid", *wrong);
  const std::string order_id = OrderId(request);
  const auto known = known_.find(idempotency_key);
  if (!idempotency_key.empty() && known != known_.end() && now - known->second.created < keep_) {
    if (known->second.body != body) {
      return Refuse(409, "key_reused", "this Idempotency-Key came with another body before");
    }
    json answer = Describe(order_id, known->second.tracking_number);
    answer["replayed"] = true;
    return {200, std::move(answer), "replayed"};
  }
  const std::string tracking_number = TrackingNumber(last_number_ + 1);
  const json record{{"key", idempotency_key},     {"body", body},
                    {"order_id", order_id},       {"tracking_number", tracking_number},
                    {"number", last_number_ + 1}, {"created_us", now.time_since_epoch().count()}};
  recorder_(record);
  Remember(record);
  return {201, Describe(order_id, tracking_number), "accepted"};
}

json ShipmentDesk::Describe(const std::string& order_id, const std::string& tracking_number) const {
  return {{"resultCode", "0000"},
          {"order_id", order_id},
          {"tracking_number", tracking_number},
          {"status", "accepted"}};
}

PartnerAnswer ShipmentDesk::Find(const std::string& order_id) const {
  const auto found = orders_.find(order_id);
  if (found == orders_.end()) return Refuse(404, "not_found", "no shipment of this order");
  json answer = Describe(order_id, found->second.back());
  answer["shipments"] = found->second.size();
  return {200, std::move(answer), "found"};
}

void ShipmentDesk::Restore(const json& record) { Remember(record); }

void ShipmentDesk::Remember(const json& record) {
  const auto tracking_number = record.at("tracking_number").get<std::string>();
  const auto key = record.at("key").get<std::string>();
  last_number_ = std::max(last_number_, record.at("number").get<std::int64_t>());
  orders_[record.at("order_id").get<std::string>()].push_back(tracking_number);
  if (key.empty()) return;
  known_[key] = {record.at("body").get<std::string>(), tracking_number,
                 Instant(Duration(record.at("created_us").get<std::int64_t>()))};
}

}  // namespace postrider::partners
