import DRKit

/// The engine's OVF of a machine, reduced to what drkit and a reader of recovery need: the name, every volume
/// of every disk (References, DiskSection with parents), and the list of snapshots (E `OvfWriter`).
struct OVFText {
  private var machine: EngineMachine
  private var files = ""
  private var disks = ""
  private var items = ""

  init(machine: EngineMachine) { self.machine = machine }

  mutating func add(_ disk: EngineDisk, _ attachment: EngineAttachment, active: SnapshotID?) {
    var parent: ChainVolume?
    for volume in disk.chain {
      let file = "\(disk.id)/\(volume.id)"
      files +=
        "<File ovf:href=\"\(file)\" ovf:id=\"\(volume.id)\" ovf:size=\"\(disk.actualSize)\" "
        + "ovf:description=\"\(volume.snapshot == nil ? "Active VM" : "Snapshot")\" ovf:disk_storage_type=\"IMAGE\"/>"
      let owner = (volume.snapshot ?? active).map(\.description) ?? ""
      disks +=
        "<Disk ovf:diskId=\"\(volume.id)\" ovf:size=\"\((disk.provisionedSize + (1 << 30) - 1) >> 30)\" "
        + "ovf:capacity=\"\(disk.provisionedSize)\" ovf:vm_snapshot_id=\"\(owner)\" "
        + "ovf:parentRef=\"\(parent.map { "\(disk.id)/\($0.id)" } ?? "")\" ovf:fileRef=\"\(file)\" "
        + "ovf:volume-format=\"\(volume.format == .cow ? "COW" : "RAW")\" ovf:volume-type=\"Sparse\" "
        + "ovf:boot=\"\(attachment.isBootable)\" ovf:disk-alias=\"\(disk.alias.xmlEscaped)\"/>"
      parent = volume
    }
    if let leaf = disk.chain.last {
      items +=
        "<Item><rasd:Caption>\(disk.alias.xmlEscaped)</rasd:Caption><rasd:InstanceId>\(leaf.id)</rasd:InstanceId>"
        + "<rasd:ResourceType>17</rasd:ResourceType><rasd:HostResource>\(disk.id)/\(leaf.id)</rasd:HostResource>"
        + "<Type>disk</Type><IsPlugged>\(attachment.isActive)</IsPlugged></Item>"
    }
  }

  func render() -> String {
    var snapshots = ""
    for snapshot in machine.snapshots {
      snapshots +=
        "<Snapshot ovf:id=\"\(snapshot.id)\"><Type>\(snapshot.kind.rawValue.uppercased())</Type>"
        + "<Description>\(snapshot.description.xmlEscaped)</Description></Snapshot>"
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      + "<ovf:Envelope xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1/\" "
      + "xmlns:rasd=\"http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData\" "
      + "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ovf:version=\"4.4.0.0\">"
      + "<References>\(files)</References>"
      + "<Section xsi:type=\"ovf:DiskSection_Type\"><Info>List of Virtual Disks</Info>\(disks)</Section>"
      + "<Content ovf:id=\"out\" xsi:type=\"ovf:VirtualSystem_Type\">"
      + "<Name>\(machine.name.xmlEscaped)</Name><Origin>3</Origin><IsStateless>\(machine.isStateless)</IsStateless>"
      + "<Section ovf:id=\"\(machine.id)\" ovf:required=\"false\" xsi:type=\"ovf:OperatingSystemSection_Type\">"
      + "<Info>Guest Operating System</Info><Description>other_linux</Description></Section>"
      + "<Section xsi:type=\"ovf:VirtualHardwareSection_Type\"><Info>1 CPU, \(machine.memory >> 20) Memory</Info>"
      + "\(items)</Section>"
      + "<Section xsi:type=\"ovf:SnapshotsSection_Type\">\(snapshots)</Section></Content></ovf:Envelope>"
  }
}

extension String {
  /// Safe as XML text and inside a double-quoted attribute. Characters that XML can't carry at all are left out.
  public var xmlEscaped: String {
    var out = ""
    out.reserveCapacity(utf8.count)
    for scalar in unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "\t", "\n", "\r": out += "&#\(scalar.value);"
      default:
        if scalar.value >= 0x20 && scalar.value != 0xFFFE && scalar.value != 0xFFFF {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out
  }
}
