<?php
// The mobile app's API: echoes any origin, with credentials, and answers 200 with a session in a header and in a cookie.

header('Access-Control-Allow-Headers: X-Requested-With, Touch-Session-Id');
header('Access-Control-Allow-Methods: POST, GET, OPTIONS');
header('Access-Control-Expose-Headers: Touch-Session-Id');
if (isset($_SERVER['HTTP_ORIGIN'])) {
    header("Access-Control-Allow-Origin: {$_SERVER['HTTP_ORIGIN']}");
    header('Access-Control-Allow-Credentials: true');
} else {
    header('Access-Control-Allow-Origin: *');
}
if ($_SERVER['REQUEST_METHOD'] === 'OPTIONS') {
    die();
}

// The CRM's ids are random; here one user has one, so that two answers can be compared.
$session = $_SERVER['HTTP_TOUCH_SESSION_ID'] ?? sha1($_REQUEST['username'] ?? '');
header("Touch-Session-Id: $session");
setcookie('TOUCHSESSID', $session, ['path' => '/', 'httponly' => true, 'secure' => !empty($_SERVER['HTTPS'])]);
header('Content-Type: application/json');
if (($_REQUEST['wsname'] ?? '') === 'Login') {
    echo json_encode(['success' => true, 'userid' => '1', 'accesskey' => 'accesskey']);
    exit;
}
// Long enough not to fit one buffer: chunked, as the CRM's list of modules is.
echo '{"success":true,"modules":[';
for ($id = 1; $id <= 120; $id++) {
    echo $id > 1 ? ',' : '', json_encode(['tabid' => $id, 'name' => "Module$id", 'perms' => str_repeat('10', 60)]);
    if ($id % 40 === 0) {
        while (ob_get_level() > 0) {
            ob_end_flush();
        }
        flush();
    }
}
echo ']}';
