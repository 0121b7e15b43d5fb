use crate::binary::{done, refused, refused_in_one_line, run, text};
use image::RgbImage;
use std::path::Path;
use std::process::Command;

#[test]
fn without_a_display_drive_says_so_and_films_instead() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["drive", "--seconds", "1"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("no display"));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("ncp: ") && stdout.contains("cnn: ") && stdout.contains("crashes"), "{stdout}");
    let film = std::fs::read(folder.path().join("out/demo.mp4")).unwrap();
    assert_eq!(&film[4..8], b"ftyp");
    let picture = image::open(folder.path().join("out/demo.png")).unwrap();
    assert_eq!((picture.width(), picture.height()), (1280, 800));
}

#[test]
fn a_table_of_roads_as_json_has_one_entry_per_policy_and_noise_level() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["drive", "--headless", "--roads", "3", "--seconds", "5", "--noise", "0,0.1", "--baselines", "--json"];
    let stdout = done(folder.path(), &arguments);
    assert_eq!(stdout, done(folder.path(), &arguments), "the same command gives the same bytes");
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let policies = report["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 8, "ncp, cnn, expert, straight at two levels");
    for policy in policies {
        for key in ["roads", "roads_without_crash", "crashes", "km", "crashes_per_km", "mean_abs_error_m"] {
            assert!(policy[key].is_number(), "{key} in {policy}");
        }
        assert_eq!(policy["roads"], 3);
    }
    let expert = &policies[4];
    assert_eq!((expert["name"].as_str(), expert["crashes"].as_u64()), (Some("expert"), Some(0)));
    let ncp = &policies[0];
    let off = |policy: &serde_json::Value| policy["mean_abs_error_m"].as_f64().unwrap();
    assert!(off(ncp) < 0.5 && off(ncp) > off(expert), "the shipped policy drives: {ncp}");
}

#[test]
fn a_drive_recorded_here_replays_to_its_last_frame() {
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["record", "drive", "--seconds", "2", "--road", "4"]);
    let report: serde_json::Value =
        serde_json::from_str(&done(folder.path(), &["replay", "drive", "--headless", "--json"])).unwrap();
    assert_eq!((report["frames"].as_u64(), report["compared"].as_u64()), (Some(40), Some(40)));
    assert_eq!(report["spoiled"], 0);
    let names: Vec<_> = report["errors"].as_array().unwrap().iter().map(|error| error["name"].as_str()).collect();
    assert_eq!(names, [Some("ncp"), Some("cnn"), Some("zero"), Some("mean")]);
}

#[test]
fn the_sample_drive_in_assets_replays() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample-drive");
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["replay", sample.to_str().unwrap(), "--headless", "--json"];
    let report: serde_json::Value = serde_json::from_str(&done(folder.path(), &arguments)).unwrap();
    assert_eq!((report["spoiled"].as_u64(), report["unlabelled"].as_u64()), (Some(0), Some(0)));
    let rmse = |i: usize| report["errors"][i]["rmse_per_m"].as_f64().unwrap();
    assert!(rmse(0) < rmse(2) && rmse(1) < rmse(2), "both shipped policies beat the constant 0: {report}");
}

#[test]
fn recording_over_an_existing_folder_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    std::fs::write(folder.path().join("mine/notes.txt"), "precious").unwrap();
    let message = refused_in_one_line(folder.path(), &["record", "mine", "--seconds", "1"]);
    assert!(message.contains("mine"), "{message}");
    assert_eq!(std::fs::read_dir(folder.path().join("mine")).unwrap().count(), 1);
}

#[test]
fn training_writes_weights_and_a_card_that_drive_takes() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["train", "--policy", "ncp", "--looks", "64", "--out", "made", "--json"];
    let report: serde_json::Value = serde_json::from_str(&done(folder.path(), &arguments)).unwrap();
    assert_eq!(report["card"]["policy"], "ncp");
    assert_eq!(report["policies"][0]["roads"], 50);
    let card: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("made/ncp.json")).unwrap()).unwrap();
    assert_eq!(card, report["card"]);
    let drive =
        ["drive", "--headless", "--roads", "1", "--seconds", "2", "--models", "made", "--policies", "ncp", "--json"];
    done(folder.path(), &drive);
    // The CNN's weights are not there: said with the file's name.
    let message = refused_in_one_line(folder.path(), &["drive", "--headless", "--models", "made"]);
    assert!(message.contains("made/cnn.safetensors"), "{message}");
}

#[test]
fn a_training_goes_on_from_weights_and_its_card_says_from_which() {
    let folder = tempfile::tempdir().unwrap();
    let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/models/ncp.safetensors");
    let little = ["--learning-rate", "1e-9", "--cell-learning-rate", "1e-9", "--looks", "16", "--score-roads", "0"];
    let train = |more: &[&'static str]| [&["train", "--out", "made", "--from", weights][..], &little, more].concat();
    let made = done(folder.path(), &train(&["--policy", "ncp", "--variation", "all", "--json"]));
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let card = &made["card"];
    // The error of the shipped card; first weights by chance have 0.13, that of the constant 0.
    let error = card["scores"]["validation_mse"]["clean"].as_f64().unwrap();
    assert!((error - 0.0030).abs() < 0.0005, "{error}");
    let recipe = &card["training"]["recipe"];
    assert_eq!(recipe["begins_with"].as_str().map(str::len), Some(64));
    assert_eq!(recipe["variation"]["colours_share"], 0.5);
    assert!(card["training"]["data"].as_str().unwrap().contains("any colours"));
    let message = refused(folder.path(), &train(&["--policy", "cnn"]));
    assert!(message.contains("expected weights of `cnn`, got those of `ncp`"), "{message}");
    let message = refused(folder.path(), &train(&["--policy", "ncp", "--unfolds", "3"]));
    assert!(message.contains("its cell is another"), "{message}");
    let message = refused(folder.path(), &train(&["--policy", "ncp", "--variation", "wild"]));
    assert!(message.contains("colours"), "{message}");
}

#[test]
fn a_training_on_a_recording_is_repeated_by_its_file_and_its_weights_replay() {
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["record", "drive", "--seconds", "12", "--road", "4"]);
    let train = ["train", "--policy", "cnn", "--recording", "drive::weight=2", "--passes", "1", "--out", "made"];
    let stdout = done(folder.path(), &train);
    assert!(stdout.contains("held back of the recordings: R2 over zero"), "{stdout}");
    let bytes = |path: &str| std::fs::read(folder.path().join(path)).unwrap();
    let card: serde_json::Value = serde_json::from_slice(&bytes("made/cnn.json")).unwrap();
    assert!(card["scores"]["held_back"]["r2_over_zero"].is_number(), "{card}");
    assert!(card["scores"].get("closed_loop").is_none(), "recordings alone: no drive in the simulator");
    assert_eq!(card["training"]["recordings"][0]["weight"], 2.0);
    assert!(text(&bytes("made/cnn.losses.csv")).lines().count() > 1);
    assert!(!folder.path().join("made/cnn.checkpoint").exists());
    let again = ["train", "--config", "made/cnn.toml", "--out", "again", "--json"];
    let report: serde_json::Value = serde_json::from_str(&done(folder.path(), &again)).unwrap();
    assert_eq!(report["card"]["scores"], card["scores"], "the same options, the same outcome");
    let replay = ["replay", "drive", "--headless", "--json", "--policies", "again/cnn.safetensors"];
    let report: serde_json::Value = serde_json::from_str(&done(folder.path(), &replay)).unwrap();
    assert!(report["errors"][0]["smoothed"]["rows"].is_number(), "{report}");
    let message = refused(folder.path(), &["train", "--policy", "cnn", "--recording", "drive", "--looks", "100"]);
    assert!(message.contains("--passes"), "{message}");
    std::fs::write(folder.path().join("odd.toml"), "policy = \"cnn\"\nlearning_rate = 1\n").unwrap();
    let message = refused_in_one_line(folder.path(), &["train", "--config", "odd.toml"]);
    assert!(message.contains("`learning-rate`"), "{message}");
}

#[test]
fn the_binary_alone_in_another_folder_drives_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("liquid-lane");
    std::fs::copy(env!("CARGO_BIN_EXE_liquid-lane"), &copy).unwrap();
    let arguments = ["drive", "--headless", "--roads", "1", "--seconds", "3", "--json"];
    let alone = Command::new(&copy).args(arguments).current_dir(folder.path()).env_clear().output().unwrap();
    assert!(alone.status.success());
    assert_eq!(text(&alone.stdout), done(Path::new(env!("CARGO_MANIFEST_DIR")), &arguments));
}

#[test]
fn unusable_options_are_refused_with_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str]| refused(folder.path(), arguments);
    assert!(refused(&["drive", "--policies", "nobody"]).contains("ncp, cnn"));
    assert!(refused(&["drive", "--noise", "7", "--headless"]).contains("expected a number from 0 to 1"));
    assert!(refused(&["drive", "--noise", "-1", "--headless"]).contains("expected a number from 0 to 1"));
    assert!(refused(&["drive", "--noise", "nan", "--headless"]).contains("invalid value 'nan'"));
    assert!(refused(&["drive", "--seconds", "0", "--headless"]).contains("expected a number above 0 and up to 3600"));
    assert!(refused(&["drive", "--headless", "--roads", "0"]).contains("expected a whole number from 1"));
    assert!(refused(&["drive", "--noise", "0,0.1", "--headless"]).contains("--roads"));
    assert!(refused(&["drive", "--weather", "hail"]).contains("fog"));
    assert!(refused(&["train", "--policy", "ncp", "--looks", "0"]).contains("whole number from 16"));
    assert!(refused(&["drive", "--road", "4294967295", "--headless", "--roads", "2"]).contains("at most 4294967293"));
    assert!(refused(&["drive", "--policies", "", "--headless"]).contains("no policy ``"));
    assert!(refused(&["train", "--policy", "mlp"]).contains("no policy `mlp`"));
    assert!(refused(&["record", "x", "--seconds", "0"]).contains("expected a number above 0"));
    assert!(refused(&["fly"]).contains("fly"));
}

#[test]
fn an_unwritable_place_is_found_out_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "in the way").unwrap();
    done(folder.path(), &["record", "drive", "--seconds", "0.1"]);
    std::fs::create_dir_all(folder.path().join("made/ncp.json")).unwrap();
    for (arguments, place) in [
        (&["drive", "--headless", "--out", "file/below"][..], "file/below/demo.mp4"),
        (&["train", "--policy", "ncp", "--out", "file/below"], "file/below/ncp.safetensors"),
        (&["train", "--policy", "ncp", "--out", "made"], "made/ncp.json"),
        (&["record", "file/below"], "file/below"),
        (&["replay", "drive", "--headless", "--film", "file/below"], "file/below/replay.mp4"),
    ] {
        let message = refused_in_one_line(folder.path(), arguments);
        assert!(message.contains(place), "{message}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("file")).unwrap(), "in the way");
}

#[test]
fn unusable_weights_are_refused_in_one_line_with_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let shipped = |name: &str| std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name)).unwrap();
    let ncp = shipped("ncp.safetensors");
    std::fs::write(at.join("empty.safetensors"), "").unwrap();
    std::fs::write(at.join("cut.safetensors"), &ncp[..ncp.len() / 2]).unwrap();
    std::fs::write(at.join("foreign.safetensors"), b"\x02\0\0\0\0\0\0\0{}").unwrap();
    std::fs::create_dir(at.join("folder.safetensors")).unwrap();
    for name in ["missing", "empty", "cut", "foreign", "folder"] {
        let file = format!("{name}.safetensors");
        let message = refused_in_one_line(at, &["drive", "--headless", "--policies", &file]);
        assert!(message.contains(&file), "{message}");
    }
    // The CNN's weights under the NCP's name.
    std::fs::create_dir(at.join("mixed")).unwrap();
    std::fs::write(at.join("mixed/ncp.safetensors"), shipped("cnn.safetensors")).unwrap();
    let message = refused_in_one_line(at, &["drive", "--headless", "--policies", "ncp", "--models", "mixed"]);
    assert!(message.contains("mixed/ncp.safetensors") && message.contains("`cnn`"), "{message}");
}

#[test]
fn weights_files_are_told_apart_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for name in ["one", "two"] {
        std::fs::copy(models.join("ncp.safetensors"), folder.path().join(format!("{name}.safetensors"))).unwrap();
    }
    let policies = "one.safetensors,two.safetensors";
    let arguments = ["drive", "--headless", "--roads", "1", "--seconds", "1", "--policies", policies, "--json"];
    let report: serde_json::Value = serde_json::from_str(&done(folder.path(), &arguments)).unwrap();
    assert_eq!(
        (report["policies"][0]["name"].as_str(), report["policies"][1]["name"].as_str()),
        (Some("one"), Some("two"))
    );
}

#[test]
fn a_replay_without_a_display_is_filmed_and_scored() {
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["record", "drive", "--seconds", "1"]);
    let output = run(folder.path(), &["replay", "drive"]);
    assert!(output.status.success() && text(&output.stderr).contains("no display"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("20 frames compared"), "{}", text(&output.stdout));
    assert_eq!(&std::fs::read(folder.path().join("out/replay.mp4")).unwrap()[4..8], b"ftyp");
}

#[test]
fn what_is_no_recording_is_refused_by_path() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir(at.join("empty")).unwrap();
    std::fs::create_dir(at.join("blank")).unwrap();
    std::fs::write(at.join("blank/driving_log.csv"), "\n\n").unwrap();
    std::fs::write(at.join("notes.txt"), "hello").unwrap();
    for path in ["missing", "empty", "blank", "notes.txt"] {
        let message = refused_in_one_line(at, &["replay", path, "--headless"]);
        assert!(message.contains(path), "{message}");
    }
}

#[test]
fn info_of_a_recording_without_a_usable_frame_tells_why_and_exits_with_1() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.txt"), "0.jpg 0.5\n1.jpg 0.5\n").unwrap();
    let info = || run(folder.path(), &["recording", "info", "."]);
    let output = info();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("0 usable") && stdout.contains("2 picture missing"), "{stdout}");
    // The recording opens, and none of its pictures can be read.
    std::fs::write(folder.path().join("0.jpg"), "").unwrap();
    let output = info();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("1 picture: empty file"), "{}", text(&output.stdout));
    RgbImage::new(16, 12).save(folder.path().join("1.jpg")).unwrap();
    assert_eq!(info().status.code(), Some(0));
}

#[test]
fn a_messy_recording_replays_and_counts_what_it_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir_all(at.join("drive/IMG")).unwrap();
    let name = |row: usize| format!("center_2020_01_01_00_00_00_{:03}.jpg", row * 70);
    for row in 0..5 {
        let image = RgbImage::from_pixel(320, 160, image::Rgb([row as u8 * 40, 80, 70]));
        image.save(at.join("drive/IMG").join(name(row))).unwrap();
    }
    std::fs::write(at.join("drive/IMG").join(name(1)), b"").unwrap();
    let log = format!(
        "center,left,right,steering,throttle,brake,speed\r\n\
         C:\\Users\\a b\\IMG\\{},,,0,0.4,0,30\r\n\r\nIMG/{},,,0.1,0.4,0,30\r\n/home/x/IMG/{}, , ,NaN,0.4,0,30\r\n\
         IMG/{},,,-0.2,0.4,0,1.4E-06\r\nIMG/gone.jpg,,,0.1,0.4,0,30\r\nIMG/{},,,0.3,0.4,0,30",
        name(0),
        name(1),
        name(2),
        name(3),
        name(4)
    );
    std::fs::write(at.join("drive/driving_log.csv"), log).unwrap();
    let output = run(at, &["replay", "drive", "--headless", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["frames"].as_u64(), report["compared"].as_u64()), (Some(4), Some(3)), "{report}");
    assert_eq!(report["spoiled"], 1);
    assert!(text(&output.stderr).contains("skipped: "), "{}", text(&output.stderr));
    let left_out: u64 = report["rows_left_out"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert!(left_out >= 2, "the NaN label and the missing picture: {report}");
}

#[test]
fn help_teaches_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    let help = done(folder.path(), &["--help"]);
    for word in ["drive", "replay", "record", "train", "Examples:", "Exit codes"] {
        assert!(help.contains(word), "{word} in {help}");
    }
}
