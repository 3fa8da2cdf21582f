#pragma once

namespace postrider::test {

/// A port of 127.0.0.1 on which nobody listens, for a program that cannot choose one by itself.
/// Throws when there is none.
int FreePort();

}  // namespace postrider::test
