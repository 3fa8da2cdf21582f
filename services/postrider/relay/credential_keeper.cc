#include "relay/credential_keeper.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "postrider/telemetry/destination_metrics.h"

namespace postrider {
namespace {

/// How often refused credentials are looked at, and a token that another lane fetches.
constexpr milliseconds kLook{500};

}  // namespace

CredentialKeeper::CredentialKeeper(std::shared_ptr<const Endpoints> endpoints,
                                   std::string destination, const Parts& parts)
    : endpoints_(std::move(endpoints)),
      destination_(std::move(destination)),
      parts_(parts),
      had_token_(endpoints_->all.size(), false) {}

CredentialKeeper::~CredentialKeeper() { parts_.loop.Cancel(timer_); }

void CredentialKeeper::Tend() {
  const Timestamp now = parts_.runner.Now();
  Timestamp next = kNever;
  parts_.lane.GiveUpCall();
  for (std::size_t i = 0; i < endpoints_->all.size(); ++i) {
    TokenSource* const token = endpoints_->all[i].token.get();
    if (token == nullptr) continue;
    next = std::min(next, FetchInTurn(i, now));
    const bool usable = token->Usable(now);
    parts_.lane.SetCredentials(i, usable);
    if (usable && !had_token_[i]) parts_.lane.OnNewCredentials();
    had_token_[i] = usable;
    next = std::min({next, token->NextChange(now), usable ? kNever : now + kLook});
  }
  if (refused_) {
    LookForChange();
    if (refused_) next = std::min(next, now + kLook);
  }
  SetTimer(next);
}

/// The call for a token counts in the rate like a request. Returns when to try again.
Timestamp CredentialKeeper::FetchInTurn(std::size_t endpoint, Timestamp now) {
  TokenSource& token = *endpoints_->all[endpoint].token;
  if (!token.WantsFetch(now)) return kNever;
  const Timestamp at = parts_.lane.NextCall(now);
  if (at > now) return std::min(at, now + kLook);
  if (token.TakeFetch(now)) {
    parts_.lane.NoteCall(now);
    Fetch(endpoint);
  }
  return kNever;
}

void CredentialKeeper::Fetch(std::size_t endpoint) {
  TokenSource& token = *endpoints_->all[endpoint].token;
  const Timestamp began = parts_.runner.Now();
  BuildResult call = token.BuildCall();
  if (const auto* failure = std::get_if<BuildFailure>(&call)) {
    token.Fail(began);
    return OnFetched(endpoint, failure->message);
  }
  parts_.http.Start(std::move(std::get<HttpRequest>(call)), &endpoints_->guard,
                    [this, endpoint, began](const HttpAnswer& answer) {
                      TokenSource& source = *endpoints_->all[endpoint].token;
                      OnFetched(endpoint, source.Finish(answer, began, parts_.runner.Now()));
                      Tend();
                      parts_.runner.Pump();
                    });
}

void CredentialKeeper::OnFetched(std::size_t endpoint, const std::string& problem) {
  if (problem.empty()) {
    parts_.log.Info("token_fetched", "A token has been fetched.",
                    {{"destination", destination_}, {"endpoint", EndpointName(endpoint)}});
    return;
  }
  parts_.log.Error(
      "token_refused",
      "No token could be fetched; requests wait until there is one. It is tried again.",
      {{"destination", destination_},
       {"endpoint", EndpointName(endpoint)},
       {"failures", endpoints_->all[endpoint].token->failures()},
       {"error", problem}});
}

void CredentialKeeper::OnRefused(std::size_t endpoint, Timestamp sent_at) {
  if (TokenSource* const token = endpoints_->all[endpoint].token.get()) {
    token->Reject(sent_at, parts_.runner.Now());
  }
  if (!refused_) {
    parts_.log.Error("credentials_refused",
                     "The partner refuses our credentials: the destination waits, no attempt is "
                     "charged. They are read again, and tried when they have changed.",
                     {{"destination", destination_}, {"endpoint", EndpointName(endpoint)}});
  }
  refused_ = true;
  refused_fingerprint_ = Fingerprint();
  // Not from inside the lane's own call.
  SetTimer(parts_.runner.Now());
}

/// Whether the credentials that were refused are others by now, or are taken again.
void CredentialKeeper::LookForChange() {
  if (!parts_.lane.credentials_refused()) {
    refused_ = false;
    return;
  }
  if (Fingerprint() == refused_fingerprint_) return;
  refused_fingerprint_ = Fingerprint();
  parts_.log.Info("credentials_changed", "Credentials have changed; trying them.",
                  {{"destination", destination_}});
  parts_.lane.OnNewCredentials();
  parts_.runner.PumpSoon();
}

std::size_t CredentialKeeper::Fingerprint() const {
  std::size_t sum = 0;
  for (const Endpoint& endpoint : endpoints_->all) {
    sum = sum * 31 + endpoint.requests->CredentialsFingerprint();
  }
  return sum;
}

void CredentialKeeper::SetTimer(Timestamp at) {
  parts_.loop.Cancel(timer_);
  timer_ = {};
  if (at == kNever) return;
  timer_ = parts_.loop.RunAt(parts_.clock.ToSteady(at), [this] {
    Tend();
    parts_.runner.Pump();
  });
}

}  // namespace postrider
