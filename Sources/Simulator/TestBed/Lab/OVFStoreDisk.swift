import DRKit
import Simulator

extension LabDomain {
  /// Writes an update into the domain's OVF_STORE disks, in place. The last disk is written only after another one
  /// succeeded, so that one whole copy always stands (B `ProcessOvfUpdateForStorageDomainCommand`).
  func write(_ content: OVFStoreContent, to disks: [(disk: DiskID, volume: VolumeID)]) throws(DRError) {
    let archive = OVFStoreArchive(content, domain: id)
    for place in disks {
      try LabFiles.overwrite(image(place.disk, place.volume, .raw).path, archive.bytes)
      try change(place.disk, place.volume) { $0["DESCRIPTION"] = archive.description.description }
    }
  }
}

/// What an OVF_STORE disk holds (B `storage/ovfstore/ProcessOvfUpdateForStorageDomainCommand.java`), and what
/// its volume's DESCRIPTION says about it.
struct OVFStoreArchive {
  let bytes: [UInt8]
  let description: LabJSON

  init(_ content: OVFStoreContent, domain: StorageDomainID) {
    let seconds = content.updated.epochSeconds
    let domains: LabJSON = [["uuid": .string("\(domain)")]]
    let updated: LabJSON = .string(Self.javaDate(seconds))
    var tar = TarArchive()
    let info: LabJSON = ["Last Updated": updated, "Storage Domains": domains]
    tar.add("info.json", Array(info.description.utf8), seconds: seconds)
    for document in content.documents {
      tar.add("\(document.machine).ovf", Array(document.text.utf8), seconds: seconds)
    }
    tar.end()
    bytes = tar.bytes
    description = [
      "Updated": true, "Size": .integer(Int64(tar.bytes.count)), "Last Updated": updated,
      "Storage Domains": domains,
      "Disk Description": "OVF_STORE",
    ]
  }

  /// `Wed Sep 02 14:03:07 UTC 2026`, as Java's `Date.toString` writes it.
  static func javaDate(_ epochSeconds: Int64) -> String {
    let days = epochSeconds >= 0 ? epochSeconds / 86_400 : -((86_399 - epochSeconds) / 86_400)
    let rest = epochSeconds - days * 86_400
    // Days to civil date: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    func two(_ n: Int64) -> String { (n < 10 ? "0" : "") + String(n) }
    let time = "\(two(rest / 3_600)):\(two(rest / 60 % 60)):\(two(rest % 60))"
    return "\(weekdays[Int(((days % 7) + 7) % 7)]) \(months[Int(month) - 1]) \(two(day)) \(time) UTC \(year)"
  }
}
