import DRKit

/// One engine and who drkit is there: logs in when first needed, puts the token on every request, logs in anew once when
/// the engine says 401 (its sessions end after 30 idle minutes), logs out.
///
/// Callers at the same time share one login.
public actor OVirtSession {
  nonisolated let address: EngineAddress
  nonisolated let transport: any OVirtTransport
  private let credentials: OVirtCredentials
  private var token: Secret?
  private var isLoggingIn = false
  private var waiting: [Int: CheckedContinuation<Result<Secret, DRError>, Never>] = [:]
  private var nextWaiter = 0

  public init(address: EngineAddress, credentials: OVirtCredentials, transport: any OVirtTransport) {
    self.address = address
    self.credentials = credentials
    self.transport = transport
  }

  /// Sends a request to the API, with the session's headers added; returns any reply but 401.
  /// - Throws: what `TransportError` maps to; `.refused` when the engine does not accept the credentials, or not the
  ///   token that it just gave; `.stopped` when the task is cancelled.
  func send(_ request: OVirtRequest, _ call: CallName) async throws(DRError) -> OVirtReply {
    let token = try await currentToken()
    let reply = try await send(request, token, call)
    if reply.status != 401 { return reply }
    if self.token == token { self.token = nil }
    let second = try await send(request, try await currentToken(), call)
    if second.status != 401 { return second }
    throw call.error(
      .refused, "the engine gave a token and does not accept it",
      "Check the engine's clock, and that a proxy passes the Authorization header on")
  }

  /// Ends the session at the engine, as far as it can be reached, and closes the connections.
  public func close() async {
    if let token {
      self.token = nil
      let request = LoginExchange.logout(token)
      // Best effort: an engine that is away ends the session by itself.
      _ = try? await transport.send(request)
    }
    await transport.shutdown()
  }

  private func send(
    _ request: OVirtRequest, _ token: Secret, _ call: CallName
  ) async throws(DRError) -> OVirtReply {
    var request = request
    request.headers += [
      .init("Version", "4"), .init("Accept", "application/json"), .init("User-Agent", "drkit"),
      .init("Authorization", "Bearer \(token.value)"),
    ]
    if request.body != nil { request.headers.append(.init("Content-Type", "application/json")) }
    do {
      return try await transport.send(request)
    } catch {
      throw error.drError(call, origin: address.origin)
    }
  }

  private func currentToken() async throws(DRError) -> Secret {
    if let token { return token }
    let waiter = nextWaiter
    nextWaiter += 1
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<Secret, DRError>, Never>) in
        if Task.isCancelled {
          continuation.resume(returning: .failure(.stopped))
          return
        }
        waiting[waiter] = continuation
        if !isLoggingIn {
          isLoggingIn = true
          Task { await self.logIn() }
        }
      }
    } onCancel: {
      Task { await self.abandon(waiter) }
    }
    return try outcome.get()
  }

  private func abandon(_ waiter: Int) {
    waiting.removeValue(forKey: waiter)?.resume(returning: .failure(.stopped))
  }

  /// Runs on its own, so that the first caller's end does not end the others' login. The transport's deadline bounds it.
  private func logIn() async {
    let call = CallName("log in to the engine", credentials.user)
    let outcome: Result<Secret, DRError>
    do throws(TransportError) {
      let reply = try await transport.send(LoginExchange.login(credentials))
      outcome = LoginExchange.token(from: reply, credentials, call)
    } catch {
      outcome = .failure(error.drError(call, origin: address.origin))
    }
    if case .success(let token) = outcome { self.token = token }
    isLoggingIn = false
    let resumed = waiting
    waiting = [:]
    // In the order in which they came: first come, first served, and the same order in each simulation.
    for waiter in resumed.sorted(by: { $0.key < $1.key }) { waiter.value.resume(returning: outcome) }
  }
}
