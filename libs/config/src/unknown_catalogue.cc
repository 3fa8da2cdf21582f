#include "unknown_catalogue.h"

#include <chrono>
#include <utility>

#include "addresses.h"
#include "delivery_kinds.h"
#include "scalar_kinds.h"

namespace postrider {
namespace {

using Row = Setting<DestinationSettings>;

// Given, it is there, whatever `after_unknown` says: CheckDestination() looks at the two together.
Row VerifyGroup() {
  Row row = Group<DestinationSettings>(
      "verify", "How the partner is asked what became of a request. Counts as a request.");
  row.read = [](const Value& value, DestinationSettings& target) {
    if (!value.IsMap()) return value.Expect("a map {url, method, after, delivered, missing}");
    if (!target.verify) target.verify.emplace();
  };
  return row;
}

// A setting of a `verify` that is there.
template <class Kind, class T>
Row OfVerify(std::string path, Kind kind, std::string meaning, T VerifySettings::*member) {
  return LeafOfOptional<DestinationSettings>(
      std::move(path), std::move(kind), std::move(meaning), [member](auto& destination) {
        return destination.verify ? &((*destination.verify).*member) : nullptr;
      });
}

}  // namespace

void AddUnknown(Catalogue<DestinationSettings>& rows) {
  rows.push_back(Leaf<DestinationSettings>(
      "after_unknown",
      ChoiceKind<AfterUnknown>{{{"resend", AfterUnknown::kResend},
                                {"verify", AfterUnknown::kVerify},
                                {"dead", AfterUnknown::kDead}}},
      "When a request may have arrived but no answer says what came of it. resend: it is sent "
      "again, for the partner knows the idempotency key; verify: the partner is asked first; dead: "
      "a dead letter, nothing is sent twice. verify and dead cost two more writes a delivery.",
      &DestinationSettings::after_unknown));
  rows.push_back(VerifyGroup());
  rows.push_back(OfVerify("verify.url", HttpUrlKind{},
                          "Where the partner tells. Variables as in http.url. The headers of http "
                          "are sent.",
                          &VerifySettings::url));
  rows.push_back(OfVerify(
      "verify.method", ChoiceKind<std::string>{{{"GET", "GET"}, {"POST", "POST"}}},
      "The method of the question. POST sends the body of the event.", &VerifySettings::method));
  rows.push_back(
      OfVerify("verify.after", DurationKind{milliseconds(0), std::chrono::hours(24)},
               "How long the partner may still be working on a request that was not answered.",
               &VerifySettings::after));
  rows.push_back(OfVerify("verify.delivered", StatusListKind{},
                          "Statuses that mean: it has the event.", &VerifySettings::delivered));
  rows.push_back(OfVerify("verify.missing", StatusListKind{},
                          "Statuses that mean: it has not, send it again. With all others it "
                          "cannot say, and is asked again.",
                          &VerifySettings::missing));
}

}  // namespace postrider
