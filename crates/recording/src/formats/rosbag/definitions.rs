//! Definitions of the messages that a drive needs (common_interfaces and ackermann_msgs of ROS 2): bags before the version
//! of 2023 have the names of their types alone.

const HEADER: &str = "\
===\nMSG: std_msgs/Header\nbuiltin_interfaces/Time stamp\nstring frame_id\n\
===\nMSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n";

const TWIST: &str = "\
===\nMSG: geometry_msgs/Twist\nVector3 linear\nVector3 angular\n\
===\nMSG: geometry_msgs/Vector3\nfloat64 x\nfloat64 y\nfloat64 z\n";

const ACKERMANN: &str = "\
===\nMSG: ackermann_msgs/AckermannDrive\nfloat32 steering_angle\nfloat32 steering_angle_velocity\nfloat32 speed\n\
float32 acceleration\nfloat32 jerk\n";

/// The definition of a type, with those of the types in it; empty where it is not among them.
pub(super) fn definition(schema: &str) -> String {
    match schema.replace("/msg/", "/").as_str() {
        "sensor_msgs/CompressedImage" => format!("std_msgs/Header header\nstring format\nuint8[] data\n{HEADER}"),
        "sensor_msgs/Image" => format!(
            "std_msgs/Header header\nuint32 height\nuint32 width\nstring encoding\nuint8 is_bigendian\nuint32 step\n\
             uint8[] data\n{HEADER}"
        ),
        "geometry_msgs/Twist" => format!("Vector3 linear\nVector3 angular\n{TWIST}"),
        "geometry_msgs/TwistStamped" => format!("std_msgs/Header header\ngeometry_msgs/Twist twist\n{HEADER}{TWIST}"),
        "ackermann_msgs/AckermannDrive" => ACKERMANN.splitn(3, '\n').nth(2).unwrap_or_default().to_owned(),
        "ackermann_msgs/AckermannDriveStamped" => {
            format!("std_msgs/Header header\nackermann_msgs/AckermannDrive drive\n{HEADER}{ACKERMANN}")
        }
        "std_msgs/Float32" => "float32 data\n".to_owned(),
        "std_msgs/Float64" => "float64 data\n".to_owned(),
        "std_msgs/Int16" => "int16 data\n".to_owned(),
        "std_msgs/Int32" => "int32 data\n".to_owned(),
        _ => String::new(),
    }
}
