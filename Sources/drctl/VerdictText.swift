import DRKit

/// What a point says of its machines, in lines.
enum VerdictText {
  /// Nil for a machine that is whole and did nothing, and for one that is not in the point: the point's own lists name it.
  static func line(_ verdict: MachineVerdict) -> String? {
    switch verdict.grade {
    case .lowered: "LOWERED: \(verdict)"
    case .whole: verdict.remarks.isEmpty ? nil : "noticed: \(verdict)"
    case .notInPoint: nil
    }
  }

  /// Everything but the machines that are simply whole.
  static func lines(_ point: RecoveryPoint) -> [String] {
    (point.machines ?? []).compactMap(line) + point.leftOut.map { "left out: \($0)" }
      + point.notInPoint.map { "not in the point: \($0)" }
  }
}
