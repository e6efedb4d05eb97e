/// What a recovery point holds of one machine: guests never stop, and whatever they did in mid-run lowers their own grade, never
/// silently the point's (law 10).
public struct MachineVerdict: Hashable, Sendable, Codable {
  /// From best to worst.
  public enum Grade: String, Hashable, Sendable, Codable, CaseIterable {
    /// Every disk of it is in the cut, and proved.
    case whole
    /// What is in the point is proved, and it is not all: a disk on another storage domain, one that was attached in
    /// mid-run, one that can't be frozen; it comes up without that disk, or with one of another instant. Or its configuration
    /// is not in the manifest, or somebody else's snapshot stands on drkit's at the primary, and has not arrived.
    case lowered
    /// Its images do not stand at the point's instant, or could not be brought back to it.
    case notInPoint = "not-in-point"
  }

  public var machine: VirtualMachineID
  public var name: String
  public var grade: Grade
  /// What was noticed, one sentence each; of a whole machine, too (it stopped, it migrates).
  public var remarks: [String]

  public init(machine: VirtualMachineID, name: String, grade: Grade, remarks: [String] = []) {
    self.machine = machine
    self.name = name
    self.grade = grade
    self.remarks = remarks
  }
}

extension MachineVerdict: CustomStringConvertible {
  public var description: String { remarks.isEmpty ? name : "\(name): \(remarks.joined(separator: ", "))" }
}
