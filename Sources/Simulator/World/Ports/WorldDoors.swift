import DRKit

/// What a request asks the engine to do to a machine: what faults of the plan may strike, and what the oracle has to know.
public enum MachineVerb: Sendable, Hashable {
  case createSnapshot(VirtualMachineID, description: String, overlays: [OverlayRequest])
  case removeSnapshot(VirtualMachineID)
}

/// The world's models for ports that are not this module's. To be used within a `PortCaller`'s effect only.
extension SimulatedWorld {
  /// Lets `body` use the engine.
  /// - Parameter verb: what the request asks for, so that the plan's faults are in force for this one call.
  public func withEngine<T>(for verb: MachineVerb?, _ body: (inout EngineModel) -> T) -> T {
    switch verb {
    case .createSnapshot(let machine, let description, let overlays):
      oracle.snapshotRequested(description, overlays)
      engine.faults = faultPlan(for: .createSnapshot, machine)
    case .removeSnapshot(let machine): engine.faults = faultPlan(for: .removeSnapshot, machine)
    case nil: break
    }
    defer { engine.faults = EngineFaultPlan() }
    return body(&engine)
  }

  /// Lets `body` use the session and both volumes.
  public func withSession<T>(_ body: (inout SessionModel) -> T) -> T { body(&session) }
}
