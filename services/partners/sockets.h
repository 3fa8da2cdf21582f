#pragma once

namespace postrider::partners {

/// Resets the connection that a client has from `client_port` to our `server_port`: the client sees
/// an RST instead of an answer. False when there is none.
bool ResetConnection(int server_port, int client_port);

/// Lets many clients connect to our `server_port` at once. cpp-httplib listens with a queue of five:
/// of what is beyond, the kernel drops the segments, and requests arrive a second late.
void DeepenListenQueue(int server_port);

/// Ends all connections to our `server_port`, so that no idle one holds up a stop.
void ShutDownConnections(int server_port);

}  // namespace postrider::partners
