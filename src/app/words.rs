//! The catalogue: every string of the screens, in both languages side by side. A string that lacks one does not compile.

macro_rules! catalogue {
    ($($key:ident: $arabic:literal, $english:literal;)*) => {
        /// The strings of one language.
        pub struct Words { $(pub $key: &'static str,)* }

        /// The strings in Arabic.
        pub static ARABIC: Words = Words { $($key: $arabic,)* };

        /// The strings in English.
        pub static ENGLISH: Words = Words { $($key: $english,)* };

        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[$((stringify!($key), $arabic, $english),)*];
    };
}

catalogue! {
    // Pages and navigation.
    floor: "الصالة", "Floor";
    sale: "بيع", "Sale";
    history: "السجل", "History";
    menu: "المنيو", "Menu";
    stations: "الأجهزة", "Stations";
    staff: "الموظفين", "Staff";
    settings: "الإعدادات", "Settings";
    more: "المزيد", "More";
    skip: "إلى المحتوى", "Skip to content";
    main_navigation: "التنقل الرئيسي", "Main";
    pages: "الصفحات", "Pages";
    to_floor: "إلى الصالة", "To the floor";

    // Common words.
    actions: "إجراءات", "Actions";
    active: "شغال", "Active";
    inactive: "موقوف", "Inactive";
    add: "إضافة", "Add";
    ago: "من", "ago";
    all: "الكل", "All";
    amount: "المبلغ", "Amount";
    back: "رجوع", "Back";
    close: "إغلاق", "Close";
    currency: "ج.م", "EGP";
    currency_per_hour: "ج.م / ساعة", "EGP / h";
    date: "التاريخ", "Date";
    delete: "مسح", "Delete";
    edit: "تعديل", "Edit";
    everyone: "الكل", "Everyone";
    from: "من", "From";
    hour: "الساعة", "Hour";
    minute: "الدقيقة", "Minute";
    hours_short: "س", "h";
    minutes_short: "د", "min";
    am: "ص", "AM";
    pm: "م", "PM";
    am_or_pm: "صباحاً أو مساءً", "AM or PM";
    less: "أقل", "Less";
    more_of_it: "أكثر", "More";
    name: "الاسم", "Name";
    name_ar: "الاسم بالعربي", "Name in Arabic";
    name_en: "الاسم بالإنجليزي", "Name in English";
    no: "لا", "No";
    yes: "نعم", "Yes";
    now: "الآن", "Now";
    or: "أو", "or";
    price: "السعر", "Price";
    rate: "السعر", "Rate";
    reason: "السبب", "Reason";
    remove: "حذف", "Remove";
    save: "حفظ", "Save";
    since: "من", "since";
    state: "الحالة", "Status";
    time: "الوقت", "Time";
    today: "اليوم", "Today";
    yesterday: "أمس", "Yesterday";
    week: "أسبوع", "Week";
    month: "شهر", "Month";
    period: "الفترة", "Period";
    from_day: "من يوم", "From";
    to_day: "إلى يوم", "To";
    total: "الإجمالي", "Total";
    try_again: "حاول تاني", "Try again";
    undo: "تراجع", "Undo";
    void: "إلغاء", "Void";
    voided: "ملغي", "Voided";
    taken_back: "اتشال", "Taken back";
    was_saved: "اتحفظ", "Saved";
    was_removed: "اتحذف", "Removed";
    waiting: "في الانتظار", "waiting";
    not_sent: "لسه ما اتبعتش", "Not sent yet";

    // Tasks and checklists.
    tasks: "المهام", "Tasks";
    task: "مهمة", "Task";
    add_task: "مهمة جديدة", "Add task";
    edit_task: "تعديل المهمة", "Edit task";
    task_title: "المطلوب إيه؟", "What is to be done?";
    task_done: "تمت", "Done";
    to_do: "المطلوب", "To do";
    mine: "عليّا", "Mine";
    done: "اللي خلص", "Done";
    not_done: "لسه", "Not done";
    no_tasks: "مفيش حاجة مطلوبة", "Nothing to do";
    no_tasks_note: "اكتب مهمة وهي تفضل ظاهرة على كل جهاز لحد ما تخلص", "Write a task down: every device shows it until it is done";
    nothing_done: "لسه مفيش حاجة خلصت", "Nothing is done yet";
    nothing_done_note: "اللي بيخلص بيفضل هنا يومين", "What is done stays here for two days";
    note: "ملاحظة", "Note";
    due: "آخر ميعاد", "Due";
    no_day: "من غير ميعاد", "No date";
    tomorrow: "بكرة", "Tomorrow";
    overdue: "متأخرة", "Overdue";
    priority: "الأهمية", "Priority";
    priority_low: "على مهلها", "Low";
    priority_normal: "عادية", "Normal";
    priority_high: "مستعجلة", "Urgent";
    assignee: "على مين", "For";
    whoever: "أي حد فاضي", "Whoever is free";
    no_station: "من غير جهاز", "No station";
    checklists: "قوائم المراجعة", "Checklists";
    checklist: "قائمة مراجعة", "Checklist";
    add_checklist: "قائمة جديدة", "Add checklist";
    edit_checklist: "تعديل القائمة", "Edit checklist";
    no_checklists: "مفيش قوائم لسه", "There are no checklists yet";
    no_checklists_note: "اعمل قائمة لفتح المحل وواحدة للقفل، وأي حد يمشي عليها", "Make one for opening and one for closing; whoever is on shift goes through it";
    kind: "النوع", "Kind";
    kind_opening: "فتح", "Opening";
    kind_closing: "قفل", "Closing";
    kind_cleaning: "نضافة", "Cleaning";
    kind_cash_count: "عدّ الكاش", "Cash count";
    kind_other: "غيره", "Other";
    checks: "بند", "checks";
    add_check: "بند جديد", "Add a check";
    check_ar: "البند بالعربي", "Check in Arabic";
    check_en: "البند بالإنجليزي", "Check in English";
    checked_so_far: "اتراجع", "Checked";
    counted_cash: "الكاش اللي اتعد", "Cash counted";
    begin: "ابدأ", "Begin";
    go_on: "كمّل", "Go on";
    finish: "خلصت", "Finish";
    finished: "خلصت قريب", "Finished lately";
    run_begun: "بدأت قائمة", "Checklist begun";
    run_edited: "قائمة", "Checklist";
    unknown_task: "المهمة دي مش موجودة", "There is no such task";
    removed_meanwhile: "اتحذفت قبل ما تعديلك يوصل؛ التعديل محفوظ", "It was removed before your change arrived; your change is kept";
    edited_twice: "حد تاني غيّرها في نفس الوقت؛ القيمة التانية محفوظة", "Somebody else changed it at the same time; the other value is kept";
    not_on_phone: "الحذف من الكمبيوتر بس، مش من الموبايل", "Removing is for the desktop, not for phones";

    // Link and login.
    connecting: "بيتصل", "Connecting";
    live: "متصل", "Live";
    no_server: "السيرفر مش بيرد", "No server";
    signed_out: "لازم تسجل دخول", "Signed out";
    sign_in: "دخول", "Sign in";
    sign_out: "خروج", "Sign out";
    switch_staff: "تبديل", "Switch";
    sale_voided: "بيعة اتلغت", "Sale voided";
    sync_title: "التزامن مع السيرفر", "Sync with the server";
    sync_now: "زامن دلوقتي", "Sync now";
    heard_last: "آخر رد من السيرفر", "The server was last heard";
    nothing_waits: "كل حاجة وصلت السيرفر", "Everything has reached the server";
    waits_here: "مستني على الجهاز ده", "Waiting on this device";
    to_look_at: "محتاج حد يبص عليه", "Somebody should look at this";
    was_seen: "حد بص عليه", "Looked at";
    was_refused: "السيرفر رفضه", "Refused by the server";
    retry: "جرّب تاني", "Try again";
    dismiss: "تمام، شفته", "Dismiss";
    keeps_nothing: "المتصفح ده مش بيحفظ حاجة: لو قفلت الصفحة اللي لسه ماتبعتش هيضيع", "This browser keeps nothing: what is not sent is lost when the page is closed";
    export: "ملف", "Export";
    other_side: "الطرف التاني", "The other side";
    take_other_side: "اعتمد الطرف التاني", "Take the other side";
    other_side_taken: "اتعتمد الطرف التاني", "The other side was taken";
    storage: "مساحة الجهاز", "Storage";
    storage_persistent: "المتصفح مش هيمسحها", "kept by the browser";
    storage_loose: "المتصفح ممكن يمسحها لو المساحة خلصت", "the browser may clear it when space runs out";
    nearly_full: "مساحة الجهاز قربت تخلص: زامن دلوقتي وفضّي مساحة", "This device is nearly full: sync now and free some space";
    too_many_wait: "في عمليات كتير مستنية على الجهاز ده: وصّله بالسيرفر", "Very much waits on this device: bring it to the server";
    kept_here: "السيرفر مش بيرد. كل حاجة محفوظة هنا وهتتبعت لوحدها", "The server does not answer. Everything is kept here and sent by itself";
    clock_jumped: "ساعة الجهاز ده اتغيرت وهو شغال؛ راجعها", "This device's clock was changed while it ran; check it";
    move_elsewhere: "انقلها لجهاز تاني", "Move it elsewhere";
    put_back: "رجعت", "Put back";
    item: "الصنف", "Item";
    filling: "بنجهّز الجهاز ده", "Setting this device up";
    filling_note: "أول مرة بس: المحل كله بيتنقل هنا، وبعدها بيفتح من غير سيرفر كمان", "Only once: the shop is copied here, and from then on it opens without the server too";
    past_here: "السجل على الجهاز ده", "History on this device";
    days: "يوم", "days";
    from_device: "من الجهاز ده: السيرفر مش بيرد", "From this device: the server does not answer";
    has_gaps: "مش كل الأيام دي على الجهاز", "Not all of these days are on this device";
    trail_is_away: "تفاصيل اللي اتسجل عند السيرفر", "What was recorded is with the server";
    not_here: "السيرفر مش بيرد، وأول دخول على الجهاز ده لازم يكون وهو شغال", "The server does not answer, and a first sign-in on this device needs it";
    leave_pending: "فيه حاجات لسه ماتبعتتش. هتفضل على الجهاز ده وتتبعت مع اللي يدخل بعدك", "Some of what you did is not sent yet. It stays on this device and is sent when the next one signs in";
    leave_anyway: "اخرج", "Sign out";
    stay: "استنى", "Stay";
    paid_over: "مدفوع زيادة", "Overpaid";
    owed_back: "للعميل عندنا", "Owed back to the customer";
    needs_server: "دي محتاجة السيرفر، وهو مش بيرد دلوقتي", "This needs the server, which does not answer now";
    syncing: "بيتزامن", "Syncing";
    as_of: "من", "as of";
    server_trouble: "السيرفر فيه مشكلة", "Server trouble";
    not_kept: "الجهاز ده مش قادر يحفظ؛ اللي عملته متسجلش", "This device could not save it; nothing was recorded";
    new_version: "فيه نسخة جديدة، حدّث الصفحة", "There is a new version; reload the page";
    who_is_there: "مين على الكاشير؟", "Who is at the till?";
    password: "كلمة السر", "Password";
    password_hint: "8 حروف أو أكثر", "8 characters or more";
    pin: "الرقم السري", "PIN";
    pin_hint: "من 4 إلى 6 أرقام", "4 to 6 digits";
    use_pin: "ادخل بالرقم السري", "Use a PIN";
    n_digits: "عدد الأرقام {n}", "{n} digits entered";
    demo_note: "محل تجريبي. هاني 1111، منى 2222، أحمد 3333. كلمة السر للكل playstation", "Demo shop. هاني 1111, منى 2222, أحمد 3333. Everyone's password is playstation";
    owner: "مالك", "Owner";
    manager: "مدير", "Manager";
    cashier: "كاشير", "Cashier";
    role: "الدور", "Role";
    other_language: "English", "العربية";
    light: "فاتح", "Light";
    dark: "غامق", "Dark";

    // First run.
    welcome: "أهلاً بيك في ميكروداش", "Welcome to MikroDash";
    welcome_note: "دقيقة واحدة والمحل يشتغل", "One minute and your shop runs";
    shop_name: "اسم المحل", "Shop name";
    owner_name: "اسم المالك", "Owner name";
    shop_language: "لغة المحل", "Shop language";
    open_shop: "افتح المحل", "Open the shop";
    open_demo: "جرّب المحل التجريبي", "Try the demo shop";
    open_demo_note: "8 أجهزة ومنيو وشهر كامل من الجلسات", "Eight stations, a menu and a month of sessions";

    // The floor.
    takings: "إيراد اليوم", "Takings";
    busy: "مشغول", "Busy";
    sessions: "جلسات", "Sessions";
    unpaid: "لم يُدفع", "Unpaid";
    free: "فاضي", "Free";
    playing: "شغال", "Playing";
    paused: "متوقف", "Paused";
    over_by: "انتهى من", "Over by";
    over_limit: "عدّى الحد", "Over limit";
    over_a_week: "أكتر من أسبوع", "Over a week";
    left: "باقي", "Left";
    maintenance: "صيانة", "Maintenance";
    last: "آخر جلسة", "Last";
    single: "فردي", "Single";
    multi: "زوجي", "Multi";
    start: "ابدأ", "Start";
    pause: "وقفة", "Pause";
    resume: "متابعة", "Resume";
    order: "طلب", "Order";
    orders: "الطلبات", "Orders";
    bill: "الحساب", "Bill";
    extra: "إضافي", "Extra";
    extras: "إضافات", "Extras";
    timer: "المؤقت", "Timer";
    back_in_service: "إرجاع للخدمة", "Back in service";
    no_stations: "مفيش أجهزة لسه", "No stations yet";
    no_stations_note: "ضيف أول جهاز بسعر الساعة، وابدأ تشتغل", "Add the first station with its hourly rate, and the floor is open";
    add_station: "جهاز جديد", "Add station";
    shortcuts: "اختصارات الكيبورد", "Keyboard shortcuts";
    key_station: "افتح جهاز", "Open a station";
    key_arrows: "تنقل بين الأجهزة", "Move between stations";
    key_pause: "وقفة أو متابعة", "Pause or resume";
    key_mode: "فردي أو زوجي", "Single or multi";

    // Starting and changing a session.
    players: "اللعب", "Play";
    open_end: "مفتوح", "open";
    own_minutes: "مدة تانية بالدقائق", "Other length, in minutes";
    ends_at: "ينتهي", "Ends at";
    cost_limit: "حد الحساب", "Cost limit";
    cost_limit_optional: "حد الحساب (اختياري)", "Cost limit (optional)";
    cost_limit_note: "لما الحساب يوصل للمبلغ ده الكارت بينبّهك", "When the bill reaches this amount, the card tells you";
    no_limit: "من غير حد", "No limit";
    started_at: "بدأت الساعة", "Started at";
    another_time: "وقت تاني", "Another time";
    later_than_now: "أمس (الوقت ده لسه ما جاش النهارده)", "Yesterday (that time is still to come today)";
    edit_start: "تعديل البداية", "Edit start";
    edit_end: "تعديل النهاية", "Edit end";
    to_single: "إلى فردي", "To single";
    to_multi: "إلى زوجي", "To multi";
    transfer_bill: "نقل الحساب", "Transfer bill";
    transfer_note: "الحساب كله يروح على جهاز تاني، والجلسة دي تنتهي", "The bill moves to another session, and this one ends";
    with_orders: "بالطلبات", "With orders";
    without_orders: "من غير الطلبات", "Without orders";
    bill_so_far: "حسابه", "Bill so far";
    no_target: "مفيش جلسة تانية شغالة", "No other session is running";
    move_station: "نقل لجهاز", "Move";
    keep_rate: "بنفس السعر", "Keep the rate";
    new_rate: "بسعر الجهاز الجديد", "New station's rate";
    no_free_station: "مفيش جهاز فاضي", "No station is free";

    // Orders and sales.
    categories: "الأقسام", "Categories";
    sold_out: "خلص", "Sold out";
    pick_items: "اختار من المنيو", "Pick from the menu";
    basket: "السلة", "Basket";
    basket_empty: "اضغط على الأصناف عشان تضيفها", "Press items to add them";
    items: "الأصناف", "Items";
    sold_today: "مبيعات اليوم", "Sold today";
    was_sold: "تم البيع", "Sold";
    void_sale: "إلغاء البيع؟", "Void this sale?";

    // The end.
    final_amount: "المبلغ النهائي", "Final amount";
    rounded_to: "تقريب", "Round";
    exact: "بالظبط", "Exact";
    custom: "مبلغ آخر", "Custom";
    free_of_charge: "مجاني", "Free";
    type_amount: "اكتب المبلغ", "Type the amount";
    subtotal: "المجموع", "Subtotal";
    discount: "خصم", "Discount";
    rounding: "تقريب", "Rounding";
    moved_out: "اتنقل لحساب تاني", "Moved to another bill";
    transferred_bill: "حساب منقول", "Transferred bill";
    per_hour: "ج.م/س", "EGP/h";
    payment: "الدفع", "Payment";
    payments: "المدفوعات", "Payments";
    cash: "كاش", "Cash";
    wallet: "محفظة", "Wallet";
    card: "كارت", "Card";
    on_credit: "آجل", "On credit";
    received: "المستلم", "Received";
    received_other: "مبلغ مستلم آخر", "Other amount received";
    change: "الباقي", "Change";
    change_to_give: "الباقي للعميل", "Change to give";
    split_payment: "تقسيم الدفع", "Split the payment";
    part_by_method: "جزء بالطريقة المختارة", "A part, by the method chosen";
    add_part: "أضف الجزء", "Add part";
    to_pay: "المطلوب", "To pay";
    take: "استلم {n}", "Take {n}";
    take_and_end: "استلم {n} وأنهِ", "Take {n} and end";
    end_session: "إنهاء الجلسة", "End the session";
    receipt: "الإيصال", "Receipt";
    paper: "الورق", "Paper";
    mm80: "80 مم", "80 mm";
    mm58: "58 مم", "58 mm";
    print: "طباعة", "Print";
    station: "الجهاز", "Station";

    // History.
    all_stations: "كل الأجهزة", "All stations";
    ended: "انتهت", "Ended";
    length: "المدة", "Length";
    bills_sum: "مجموع الحسابات", "Bills";
    newest: "الأحدث", "Newest";
    older: "الأقدم", "Older";
    no_bills: "مفيش جلسات في الفترة دي", "No sessions in this period";
    no_bills_note: "كل جلسة بتظهر هنا لما تنتهي", "Every session appears here when it has ended";
    transferred: "اتنقل", "Transferred";
    open_bill: "حساب مفتوح", "Open bill";
    owes: "عليه باقي", "Owes";
    paid: "مدفوع", "Paid";
    what_happened: "اللي حصل", "What happened";
    reopen: "إعادة فتح الحساب", "Reopen the bill";
    play_on: "كمّل اللعب", "Play on";
    correct: "تصحيح", "Correct";
    settle: "تقفيل الحساب", "Settle";
    void_payment: "إلغاء الدفعة", "Void the payment";

    // What was done.
    was_started: "بدأت الجلسة", "Session started";
    was_paused: "وقفت الجلسة", "Paused";
    was_resumed: "كملت الجلسة", "Resumed";
    now_single: "بقت فردي", "Now single";
    now_multi: "بقت زوجي", "Now multi";
    start_edited: "اتعدلت البداية", "Start corrected";
    end_edited: "اتعدلت النهاية", "End corrected";
    timer_set: "اتظبط المؤقت", "Timer set";
    limit_set: "اتظبط الحد", "Cost limit set";
    order_added: "اتضاف الطلب", "Order added";
    quantity_changed: "اتغيرت الكمية", "Quantity changed";
    line_voided: "اتلغى الطلب", "Order voided";
    extra_changed: "اتعدل الإضافي", "Extra changed";
    extra_voided: "اتلغى الإضافي", "Extra voided";
    was_moved_bill: "اتنقل الحساب", "Bill transferred";
    was_moved: "اتنقلت الجلسة", "Moved to another station";
    was_ended: "انتهت الجلسة", "Session ended";
    was_settled: "اتقفل الحساب", "Bill settled";
    was_reopened: "اتفتح الحساب تاني", "Bill reopened";

    // Menu and stations.
    add_category: "قسم جديد", "Add category";
    edit_category: "تعديل القسم", "Edit category";
    add_item: "صنف جديد", "Add item";
    edit_item: "تعديل الصنف", "Edit item";
    category: "القسم", "Category";
    available: "متاح", "Available";
    no_menu: "المنيو فاضي", "The menu is empty";
    no_menu_note: "ضيف قسم زي المشروبات، وبعده الأصناف", "Add a category such as drinks, then its items";
    no_items: "مفيش أصناف في القسم ده", "No items in this category";
    edit_station: "تعديل الجهاز", "Edit station";
    in_service: "في الخدمة", "In service";
    rate_single: "سعر الساعة فردي", "Hourly rate, single";
    rate_multi: "سعر الساعة زوجي", "Hourly rate, multi";
    rate_multi_hint: "سيبه فاضي لو مفيش زوجي", "Leave multi empty if the station has none";

    // Staff.
    add_staff: "موظف جديد", "Add staff";
    new_password: "كلمة سر جديدة", "New password";
    new_pin: "رقم سري جديد", "New PIN";
    may_sign_in: "مسموح له يدخل", "May sign in";

    // Settings.
    this_device: "الجهاز ده", "This device";
    this_device_note: "اختياراتك هنا للجهاز ده بس", "These choices are for this device alone";
    language: "اللغة", "Language";
    digits: "الأرقام", "Digits";
    theme: "الألوان", "Colours";
    shop: "المحل", "Shop";
    shop_note: "بيظهر على الإيصال وصفحة الدخول", "Shown on receipts and on the login page";
    receipt_note: "كلمة آخر الإيصال", "Receipt footer";
    business_day: "يوم العمل", "Business day";
    business_day_note: "اللي قبل الساعة دي يتحسب على اليوم اللي قبله", "Anything earlier counts as the day before";
    day_starts: "اليوم يبدأ", "The day starts at";
    zone: "المنطقة الزمنية", "Time zone";
    billing: "الحساب", "Billing";
    rounding_step: "تقريب المبلغ النهائي", "Round the final amount to";
    no_rounding: "من غير", "None";
    timer_presets: "اختيارات المؤقت", "Timer presets";
    timer_presets_hint: "بالدقائق، بينهم مسافة", "In minutes, with spaces between";
    owner_only: "إعدادات المحل للمالك بس", "Only an owner changes the shop's settings";

    // Why something did not happen.
    not_allowed: "مش من صلاحياتك، اطلب من المدير", "Your role may not do this; ask a manager";
    not_stored: "العملية ما اتسجلتش", "This could not be stored";
    unknown_session: "الجلسة دي مش موجودة", "There is no such session";
    unknown_station: "الجهاز ده مش موجود", "There is no such station";
    unknown_item: "الصنف ده مش موجود", "There is no such item";
    unknown_part: "الحاجة دي مش موجودة في الحساب", "That is not on the bill any more";
    unknown_staff: "الموظف ده مش موجود", "There is no such person";
    unknown_zone: "مفيش منطقة زمنية بالاسم ده", "There is no time zone by that name";
    exists_already: "موجود قبل كده", "It exists already";
    station_busy: "فيه جلسة شغالة على الجهاز", "A session is running on this station";
    station_closed: "الجهاز خارج الخدمة", "The station is out of service";
    same_place: "نفس المكان", "It is there already";
    second_start: "الجهاز كان عليه جلسة، واتضمت الاتنين", "The station had a session already; the two are one now";
    already_ended: "الجلسة انتهت", "The session has ended";
    not_ended: "الجلسة لسه شغالة", "The session has not ended";
    settled_already: "الحساب متقفل، المدير يقدر يفتحه", "The bill is settled; a manager can reopen it";
    not_settled: "الحساب لسه مفتوح", "The bill is still open";
    was_transferred: "الحساب اتنقل لجلسة تانية", "The bill was moved into another session";
    changed_after_end: "وصل بعد القفل، والحساب زي ما هو", "It came after the end; the settled bill stands";
    added_after_end: "اتضاف بعد القفل ولسه ما اتدفعش", "Added after the end, not paid yet";
    amount_differs: "الحساب اتغير عن اللي اتقال للعميل", "The bill differs from what the customer was told";
    overpaid: "اتدفع أكتر من المطلوب", "More was paid than was due";
    payment_waits: "الدفعة مستنية جلستها", "The payment waits for its session";
    voided_already: "ملغي قبل كده", "It was voided before";
    clock_off: "الوقت المتسجل بعيد قوي، فاتحسب وقت الوصول", "The recorded time was too far off; the time of arrival was taken";
    in_future: "الوقت ده لسه ما جاش", "That time is still to come";
    too_early: "أقدم من أسبوع", "That is more than a week back";
    ends_before_start: "النهاية قبل البداية", "The end lies before the start";
    bad_amount: "المبلغ مش صحيح", "That is no amount";
    bad_quantity: "الكمية من 1 إلى 99", "A quantity is 1 to 99";
    out_of_range: "الرقم برّه المسموح", "The number is out of range";
    sum_differs: "المجموع مش مظبوط", "The parts do not add up";
    text_too_long: "الكلام طويل", "The text is too long";
    text_missing: "لازم تكتب حاجة", "Something must be written";
    text_unclear: "فيه حروف ما ينفعش تتعرض", "The text holds characters that cannot be shown";
    too_many: "كتير على حساب واحد", "Too many for one bill";
    in_use: "مستخدم، ما ينفعش يتحذف", "It is in use and cannot be removed";
    last_owner: "لازم يفضل مالك واحد على الأقل", "At least one owner must stay";
    wrong_secret: "غلط. باقي {n} محاولات", "Wrong. {n} tries left";
    locked_out: "محاولات كتير غلط. جرّب بعد {n} دقيقة", "Too many wrong tries. Try again in {n} minutes";
    short_password: "كلمة السر 8 حروف أو أكثر", "A password has 8 characters or more";
    bad_pin: "الرقم السري من 4 إلى 6 أرقام", "A PIN is 4 to 6 digits";
    not_new: "المحل مفتوح قبل كده", "The shop is set up already";
    bad_request: "الطلب مش مفهوم", "The request cannot be read";
    not_found: "مفيش حاجة هنا", "There is nothing here";
    unavailable: "السيرفر مش قادر يحفظ دلوقتي. راجع مساحة القرص", "The server cannot store anything now. Check its disk";
    no_answer: "السيرفر مش بيرد. هنحاول تاني", "The server does not answer. It is tried again";
    internal_error: "حصل خطأ في السيرفر", "Something went wrong on the server";

    // The gateway.
    gateway: "الراوتر", "Router";
    connection: "الاتصال بالراوتر", "Connection to the router";
    connection_note: "MikroDash بيكلم راوتر الميكروتيك على شبكة المحل. الباسورد بتتخزن متشفرة ومبتظهرش تاني.", "MikroDash talks to the MikroTik router in the shop's network. The password is stored encrypted and never shown again.";
    gateway_address: "العنوان", "Address";
    port: "المنفذ", "Port";
    secure: "اتصال آمن (HTTPS)", "Secure connection (HTTPS)";
    secure_note: "الراوتر محتاج شهادة، الأوامر تحت بتعملها", "The router needs a certificate; the commands below make one";
    gateway_user: "المستخدم", "User";
    password_kept: "فيه كلمة سر متسجلة. سيبها فاضية عشان تفضل هي", "One is kept. Leave it empty to keep it";
    test_connection: "جرّب الاتصال", "Test the connection";
    trusted_certificate: "الشهادة اللي أكدتها", "The certificate that you confirmed";
    own_authority: "عندي جهة شهادات خاصة بيا", "I have a certificate authority of my own";
    authority_pem: "شهادة الجهة (PEM)", "The authority's certificate (PEM)";
    authority_hint: "أي شهادة موقعة منها هتتقبل، لو باسم العنوان ده", "Any certificate that it has signed for this address is accepted";
    trust_it: "ده الراوتر بتاعي", "This is my router";
    check_name: "العنوان موجود", "The address exists";
    check_port: "فيه حاجة بترد", "Something answers";
    check_login: "الدخول", "Login";
    check_rights: "صلاحية التعديل", "The right to change things";
    hotspot: "الهوت سبوت", "Hotspot";
    check_clock: "ساعة الراوتر", "The router's clock";
    check_portal: "صفحة دخول الزباين", "The guests' login page";
    make_user: "مستخدم مخصوص لـ MikroDash", "A user of its own for MikroDash";
    make_user_note: "انسخ الأوامر في Terminal على الراوتر: بتعمل مستخدم بأقل صلاحيات، وشهادة للاتصال الآمن. كلمة السر بتتكتب فوق لوحدها، جرّب بعدها واحفظ.", "Paste the commands into the router's Terminal: they make a user with the least rights, and a certificate for the secure connection. The password is filled in above; test it afterwards, and save.";
    show_commands: "اعرض الأوامر", "Show the commands";
    gateway_not_set: "مفيش راوتر متسجل لسه", "No router is set up yet";
    gateway_no_name: "مفيش جهاز بالعنوان ده. راجعه، واتأكد إن الجهاز ده على شبكة الراوتر.", "There is no device at this address. Check it, and that this computer is in the router's network.";
    gateway_refused: "الجهاز موجود بس مبيردش على المنفذ ده. شغّل www-ssl أو www من IP ← Services.", "The device is there, but nothing answers on this port. Switch on www-ssl or www under IP → Services.";
    gateway_silent: "مفيش رد. اتأكد إن الراوتر شغال وإن العنوان صح.", "No answer. Check that the router is on, and the address right.";
    gateway_cut: "الاتصال اتقطع في النص. جرّب تاني.", "The connection broke in the middle. Try again.";
    gateway_no_tls: "مفيش اتصال آمن على المنفذ ده. الراوتر محتاج شهادة على www-ssl، الأوامر تحت بتعملها.", "There is no secure connection on this port. The router needs a certificate for www-ssl; the commands below make one.";
    gateway_untrusted: "الراوتر عرض شهادة لسه محدش أكدها. قارنها بالبصمة اللي في System ← Certificates، ولو هي هي أكدها.", "The router shows a certificate that nobody has confirmed. Compare it with the fingerprint under System → Certificates, and confirm it if they are the same.";
    gateway_wrong_login: "الراوتر رفض الدخول: المستخدم أو كلمة السر غلط، أو المستخدم ناقصه rest-api، أو مش مسموح له من العنوان ده.", "The router refused the login: user or password are wrong, or the user lacks rest-api, or may not come from this address.";
    gateway_rest_off: "خدمة الويب شغالة بس REST مقفول عليها.", "The web service is there, but REST is switched off.";
    gateway_not_one: "فيه حاجة بترد، بس مش راوتر ميكروتيك بـ RouterOS 7.", "Something answers, but it is not a MikroTik router with RouterOS 7.";
    gateway_not_allowed: "المستخدم دخل، بس ناقصه صلاحية. ادّي مجموعته write من System ← Users.", "The user may log in, but lacks a right. Give its group write under System → Users.";
    gateway_taken: "الاسم ده موجود على الراوتر", "The router has something of this name already";
    gateway_gone: "مبقاش موجود على الراوتر", "It is no longer on the router";
    gateway_took_too_long: "الراوتر أخد وقت أطول من اللازم. جرّب تاني.", "The router took too long. Try again.";
    gateway_full: "مساحة الراوتر اتملت. امسح ملفات من Files.", "The router's disk is full. Delete something under Files.";
    gateway_says: "الراوتر رفض وقال:", "The router refused and said:";
    gateway_plain: "كلمة السر ماشية مكشوفة على الشبكة. HTTPS أأمن.", "The password can be read by whoever is in the network. HTTPS is safer.";
    gateway_no_hotspot: "مفيش هوت سبوت شغال على الراوتر.", "No hotspot is switched on at the router.";
    gateway_clock_off: "ساعة الراوتر مش مظبوطة. شغّل NTP من System ← NTP Client.", "The router's clock is wrong. Switch on System → NTP Client.";
    gateway_no_qr: "الدخول بالـ QR محتاج http-pap في Login By بتاع بروفايل الهوت سبوت.", "Logging in by QR code needs http-pap under Login By of the hotspot's profile.";
    gateway_no_cookie: "الموبايل اللي بينام هيسأل عن الكود تاني: ضيف cookie و mac-cookie في Login By.", "Phones that sleep are asked for their code again: add cookie and mac-cookie under Login By.";

    // Vouchers.
    vouchers: "الكروت", "Vouchers";
    package: "الباقة", "Package";
    packages: "الباقات", "Packages";
    add_package: "باقة جديدة", "Add a package";
    edit_package: "تعديل باقة", "Edit package";
    no_packages: "مفيش باقات لسه", "No packages yet";
    no_packages_note: "اعمل باقة الأول، وبعدها اعمل كروت منها.", "Make a package first, then vouchers of it.";
    package_data: "البيانات", "Data";
    package_time: "الوقت", "Time";
    limit_data: "البيانات (ميجا)", "Data (MB)";
    limit_data_hint: "سيبها فاضية من غير حد", "Leave empty for no limit";
    limit_time: "الوقت (ساعات)", "Time (hours)";
    gateway_profile: "البروفايل على الراوتر", "Profile at the router";
    gateway_profile_hint: "السرعة وعدد الموبايلات. فاضي يعني الافتراضي", "Speed and phones at a time. Empty for the router's default";
    n_devices: "عدد الموبايلات", "Phones";
    unlimited: "من غير حد", "Unlimited";
    days_short: "يوم", "d";
    make_vouchers: "اعمل كروت", "Make vouchers";
    n_vouchers: "كام كارت", "How many";
    code_prefix: "بداية الكود", "Prefix of the code";
    code_length: "طول الكود", "Length of the code";
    code_chars: "حروف الكود", "Characters";
    letters_and_digits: "حروف وأرقام", "Letters and digits";
    digits_alone: "أرقام بس", "Digits alone";
    batch: "الدفعة", "Batch";
    batches: "الدفعات", "Batches";
    batch_name: "اسم الدفعة", "Name of the batch";
    no_batches: "مفيش كروت اتعملت لسه", "No vouchers yet";
    code: "الكود", "Code";
    vouchers_made: "اتعملت كروت", "Vouchers made";
    vouchers_printed: "كروت اتطبعت", "Vouchers printed";
    vouchers_leased: "أكواد اتوزعت على الأجهزة", "Codes given to a device";
    vouchers_extended: "كروت اتمدّت", "Vouchers extended";
    vouchers_freed: "كروت اتفكت من موبايلها", "Vouchers freed from their phones";
    voucher_sold: "كارت اتباع", "Voucher sold";
    vouchers_revoked: "كروت اتلغت", "Vouchers revoked";
    voucher_used: "حد دخل بالكارت", "Somebody logged in with the voucher";
    voucher_used_up: "الكارت خلص", "The voucher is used up";
    unknown_package: "الباقة دي مش موجودة", "There is no such package";
    unknown_voucher: "الكارت ده مش موجود", "There is no such voucher";
    voucher_ended: "الكارت ده خلص أو اتلغى", "The voucher is used up or was revoked";
    leased_elsewhere: "جهاز تاني هو اللي يقدر يبيع الكود ده", "Another device alone may sell this code";
    sold_twice: "الكارت ده اتباع قبل كده", "The voucher was sold before";
    codes_used_up: "أغلب الأكواد بالطول ده اتعملت. زوّد طول الكود", "Nearly all codes of this length have been used. Make the code longer";
    stage_made: "جاهز", "Made";
    stage_printed: "مطبوع", "Printed";
    stage_sold: "اتباع", "Sold";
    stage_used: "شغال", "In use";
    stage_data: "البيانات خلصت", "Data used up";
    stage_time: "الوقت خلص", "Time used up";
    stage_revoked: "ملغي", "Revoked";
    on_gateway: "على الراوتر", "On the router";
    waits_for_gateway: "مستنية الراوتر", "Waiting for the router";
    all_vouchers: "كل الكروت", "All vouchers";
    search: "بحث", "Search";
    search_vouchers: "كود أو موبايل أو MAC أو دفعة", "Code, phone, MAC or batch";
    no_such_vouchers: "مفيش كروت بالمواصفات دي", "No vouchers like that";
    life_for_sale: "للبيع", "For sale";
    life_unused: "اتباع ولسه", "Sold, not used yet";
    life_leak: "اشتغل من غير بيع", "Used, not sold";
    life_ended: "خلص أو اتلغى", "Used up or revoked";
    pick: "اختيار", "Select";
    pick_all: "اختار كل النتايج", "Select all found";
    pick_none: "إلغاء الاختيار", "Clear selection";
    n_picked: "{n} مختار", "{n} selected";
    n_changed: "اتسجل على {n}", "Recorded for {n}";
    made_at: "اتعمل", "Made";
    revenue: "الإيراد", "Revenue";
    phones_used: "الموبايلات", "Phones";
    sold_at_counter: "اتباع من الكاشير", "Sold at the counter";
    sold_on_bill: "اتباع على حساب جلسة", "Sold on a session's bill";
    voucher_life: "حياة الكارت", "Its life";
    new_phone: "موبايل جديد", "New phone";
    give_more: "مد الكارت", "Add time or data";
    more_hours: "ساعات زيادة", "More hours";
    more_data: "ميجا زيادة", "More MB";
    in_pool: "أكواد للكاشير", "In the pool";
    pool_low: "قرّب يخلص", "running low";
    package_in_use: "الباقة مش هتتمسح طول ما فيه كروت منها للبيع:", "A package stays while some of its vouchers can be sold:";
    gateway_server: "الهوت سبوت", "Hotspot";
    gateway_server_hint: "فاضي = كلهم", "Empty: all of them";
    profiles: "سرعات وحدود", "Speeds and limits";
    profiles_note: "كل باقة بتاخد سرعتها وعدد موبايلاتها من واحدة من دول على الراوتر.", "Each package takes its speed and number of phones from one of these at the router.";
    add_profile: "إضافة", "Add a profile";
    edit_profile: "تعديل السرعة والحدود", "Edit the profile";
    speed_down: "التحميل", "Download";
    speed_up: "الرفع", "Upload";
    speed_hint: "ميجابت في الثانية، فاضي = من غير حد", "Mbit/s; empty: unlimited";
    login_lasts: "الدخول بيفضل", "A login lasts";
    silent_for: "يتقفل لو الموبايل سكت", "Ends when a phone is silent for";
    remembered_for: "الموبايل يرجع من غير كود لحد", "A phone comes back without its code for";
    minutes_hint: "بالدقيقة، فاضي = من غير حد", "Minutes; empty: unlimited";
    remembered_hint: "بالدقيقة، فاضي = لازم كود كل مرة", "Minutes; empty: a code each time";
    profile_users: "الكروت", "Vouchers";
    n_users: "{n} كارت على الراوتر", "{n} vouchers at the router";
    profile_in_use: "بيستخدمها، فاسمها يفضل ومش هتتمسح:", "In use, so it keeps its name and stays:";
    sold_before: "اتباع قبلها", "Sold before";
    card_code: "كود الكارت", "Code of the card";
    logo: "لوجو المحل", "Logo";
    logo_hint: "PNG أو JPEG لحد 200 كيلوبايت. بيظهر فوق كل كارت مطبوع", "PNG or JPEG, up to 200 KB. It stands at the head of each printed card";
    logo_too_heavy: "الصورة أكبر من 200 كيلوبايت. صغّرها وجرّب تاني", "The picture is larger than 200 KB. Make it smaller and try again";
    logo_no_picture: "الملف ده مش صورة PNG ولا JPEG", "This file is neither a PNG nor a JPEG picture";
    logo_too_large: "الصورة أعرض أو أطول من 2000 بكسل. صغّرها وجرّب تاني", "The picture is wider or higher than 2000 pixels. Make it smaller and try again";
    logo_broken: "الصورة بايظة ومش بتتقري لآخرها. جرّب ملف تاني", "The picture is broken and cannot be read to its end. Try another file";
    remove_logo: "شيل اللوجو", "Remove the logo";
    make_open: "من غير كلمة سر", "No passphrase";
    make_open_note: "أي حد قريب من المحل هيدخل الشبكة دي من غير كلمة سر، وكل اللي بيتبعت فيها ممكن يتشاف. والكروت بتحميها بس لو صفحة الدخول شغالة عليها.", "Anybody near the shop joins this network without a passphrase, and what is sent over it can be seen. Vouchers guard it only where the login page stands before it.";
    make_open_ask: "تفتح الشبكة من غير كلمة سر؟", "Let everybody join without a passphrase?";
    make_open_now: "افتحها", "Open it";
    remove_network: "شيل الشبكة", "Remove the network";
    remove_network_ask: "تشيل الشبكة دي من الراوتر؟", "Remove this network from the router?";
    remove_network_note: "الشبكة هتتمسح من الراوتر باسمها وكلمة سرها، ومش هترجع لوحدها.", "It goes from the router with its name and passphrase, and does not come back by itself.";
    nobody_on_it: "محدش متصل بيها دلوقتي.", "Nobody is connected to it now.";
    cut_off_with_it: "هيتفصل دلوقتي:", "Cut off at once:";
    scan_card: "صوّر الكارت", "Scan a card";
    scan_aim: "حط كود الكارت جوه المربع", "Hold the card's code inside the square";
    scan_unsafe: "المتصفح بيفتح الكاميرا لصفحات https بس. اكتب الكود", "Browsers open the camera for https pages only. Type the code instead";
    scan_not_allowed: "المتصفح مانع الكاميرا عن الصفحة دي. اسمح بيها من إعدادات الموقع، أو اكتب الكود", "The browser keeps the camera from this page. Allow it in the site's settings, or type the code";
    scan_no_camera: "مفيش كاميرا على الجهاز ده. اكتب الكود", "This device has no camera. Type the code instead";
    scan_busy: "الكاميرا مش شغالة، ممكن برنامج تاني مستخدمها. اقفله أو اكتب الكود", "The camera gives no picture; another program may be using it. Close that, or type the code";
    scan_other_code: "ده مش كود كارت", "This is no voucher's code";
    scan_needs_server: "المتصفح ده محتاج السيرفر عشان يقرا الكود، وهو مش بيرد. اكتب الكود", "This browser needs the server to read codes, and it does not answer. Type the code instead";
    none_left_here: "خلص من الجهاز ده", "None left on this device";
    n_left: "فاضل {n}", "{n} left";
    codes_sold: "أكواد العميل", "Codes for the customer";
    codes_sold_note: "اقرأ الكود للعميل أو خلّيه يصوّره. هتلاقيه كمان تحت في مبيعات اليوم.", "Read the code out, or let the customer take a picture. It also stands under what was sold today.";
    cards_to_print: "كروت للطباعة", "Cards to print";
    codes_for_tills: "أكواد للكاشير", "Codes for the tills";
    codes_for_tills_note: "بتتباع من الشاشة حتى والنت قاطع: كل جهاز بياخد نصيبه", "Sold from the screen, even offline: each device takes its share";
    sold_as: "هتتباع إزاي", "Sold as";
    mark_sold: "سجّل بيعه", "Mark as sold";
    revoke: "إلغاء", "Revoke";
    revoke_unsold: "إلغاء اللي ماتباعش", "Revoke what is not sold";
    revoke_reason: "سبب الإلغاء", "Why it is revoked";
    color: "اللون", "Colour";
    print_vouchers: "طباعة الكروت", "Print vouchers";
    only_new: "اللي ماتطبعش بس", "Only those not printed yet";
    reprint: "نسخة", "Copy";
    did_print: "الكروت اتطبعت صح؟", "Did they come out right?";
    did_print_note: "بتتسجل إنها اتطبعت بعد ما تأكد بس.", "They count as printed only when you say so.";
    no_portal: "الراوتر لسه ماقالش عنوان صفحة الدخول، فالكروت من غير QR.", "The router has not told the address of its login page yet, so the cards have no QR code.";
    retry_now: "جرّب دلوقتي", "Try now";
    download_pdf: "ملف PDF", "PDF file";
    scan_to_join: "1 · ادخل الشبكة", "1 · Join the Wi-Fi";
    scan_to_log_in: "2 · فعّل الكارت", "2 · Log in";
    sheet_settings: "الكروت المطبوعة", "Printed vouchers";
    sheet_settings_note: "كود تاني على الكارت بيدخّل الموبايل على شبكة الضيوف. كروت A4 · 40 صغيرة عليه.", "A second code on the card joins the guests' network. Cards of A4 · 40 have no room for it.";
    wifi_name: "اسم شبكة الضيوف", "Guests' Wi-Fi network";
    wifi_password: "باسورد الشبكة", "Its password";
    wifi_password_hint: "من 8 لـ 63 حرف إنجليزي؛ فاضي لو الشبكة مفتوحة", "8 to 63 Latin characters; empty if the network is open";
    shows_wifi_qr: "اطبع كود دخول الشبكة", "Print the code that joins it";
    sheet_header: "سطر فوق الكارت", "Line at the top";
    sheet_footer: "سطر تحت الكارت", "Line at the bottom";

    // Guests.
    guests: "المتصلين", "Online";
    guest_phone: "الموبايل", "Phone";
    online_for: "متصل من", "Online for";
    used_data: "استهلك", "Used";
    time_left: "فاضله", "Time left";
    put_out: "افصل", "Disconnect";
    was_put_out: "اتفصل", "Disconnected";
    nobody_online: "محدش متصل دلوقتي", "Nobody is online";

    // Wi-Fi.
    wifi: "الواي فاي", "Wi-Fi";
    wifi_clients: "الأجهزة اللي على الواي فاي", "Devices on the Wi-Fi";
    nobody_connected: "مفيش أجهزة على الواي فاي دلوقتي", "No devices are on the Wi-Fi";
    network: "الشبكة", "Network";
    networks: "الشبكات", "Networks";
    no_networks: "مفيش شبكات على الراوتر", "The router has no networks";
    signal: "الإشارة", "Signal";
    signal_excellent: "ممتازة", "Excellent";
    signal_good: "كويسة", "Good";
    signal_fair: "متوسطة", "Fair";
    signal_weak: "ضعيفة", "Weak";
    no_code: "من غير كود", "No code";
    block: "احظر", "Block";
    was_blocked: "اتحظر من كل الشبكات", "Blocked from every network";
    unblock: "شيل الحظر", "Unblock";
    was_unblocked: "الحظر اتشال، يقدر يتصل تاني", "Unblocked; it may connect again";
    blocked_devices: "الأجهزة المحظورة", "Blocked devices";
    nobody_blocked: "مفيش أجهزة محظورة", "No devices are blocked";
    several_devices: "أكتر من جهاز", "Several devices";
    every_network: "كل الشبكات", "Every network";
    made_on_router: "معمولة على الراوتر", "Made on the router";
    not_while_away: "الراوتر مش بيرد دلوقتي", "Not while the router is away";
    add_network: "شبكة جديدة", "Add a network";
    network_name: "اسم الشبكة", "Name of the network";
    passphrase: "كلمة سر الواي فاي", "Passphrase";
    new_passphrase: "كلمة سر جديدة للواي فاي", "New passphrase";
    new_passphrase_hint: "من 8 إلى 63 حرف إنجليزي أو رقم. سيبها فاضية عشان متتغيرش", "8 to 63 characters. Leave it empty to keep the one that is set";
    open_passphrase_hint: "من 8 إلى 63 حرف إنجليزي أو رقم. لو فاضية أي حد يقدر يدخل", "8 to 63 characters. If it is empty, anybody may join";
    bad_passphrase: "كلمة سر الواي فاي من 8 إلى 63 حرف إنجليزي أو رقم أو علامة", "A passphrase has 8 to 63 English letters, digits or signs";
    has_passphrase: "بكلمة سر", "Protected";
    open_network: "مفتوحة", "Open";
    network_on: "شغالة", "Switched on";
    network_off: "مقفولة", "Switched off";
    radio: "جهاز البث", "Radio";
    own_radio: "ليها جهازها", "Its own";
    wifi_devices: "الأجهزة المتصلة", "Devices";
    everyone_cut: "كل اللي على الشبكة دي هيتفصل، والجهاز ده كمان لو عليها.", "Everyone on this network will be disconnected, and this device too if it is on it.";
    changes_with: "هيتغير معاها:", "Changes along with it:";
    gateway_no_wifi: "الراوتر ده مفيهوش واي فاي خاص بيه.", "This router has no Wi-Fi of its own.";
    // The portal.
    portal: "صفحة دخول الواي فاي", "Wi-Fi login page";
    portal_note: "الصفحات اللي الزبون بيكتب فيها الكود. بتشتغل من الراوتر نفسه، حتى لو النت مقطوع والجهاز ده مقفول.", "The pages on which guests type their code. The router serves them by itself, even with no internet and this computer switched off.";
    portal_in_use: "الزباين شايفين صفحات المحل", "Guests see the shop's pages";
    portal_not_in_use: "الزباين شايفين صفحات تانية", "Guests see other pages";
    portal_files: "صفحات المحل على الراوتر", "The shop's pages on the router";
    portal_files_current: "كلها موجودة وآخر نسخة", "All there and up to date";
    portal_files_left: "{n} ناقصة أو قديمة", "{n} missing or out of date";
    portal_ways: "طرق الدخول", "Ways to log in";
    portal_way_off: "مقفول", "Off";
    portal_free: "المساحة الفاضية على الراوتر", "Free room on the router";
    portal_upload: "ارفع الصفحات", "Upload the pages";
    portal_uploaded: "الصفحات اترفعت", "The pages are on the router";
    portal_use: "استخدمها", "Use them";
    portal_used: "الصفحات شغالة", "The pages are in use";
    portal_go_back: "ارجع للصفحات القديمة", "Go back to the old pages";
    portal_went_back: "الصفحات القديمة رجعت", "The old pages are back";
    portal_use_note: "الزباين هيشوفوا صفحات المحل. كل طرق الدخول الشغالة هتفضل شغالة.", "Guests will see the shop's pages. Every way to log in that is on stays on.";
    portal_way_plain: "الكود يتكتب أو يتصوّر (http-pap)", "A code is typed or scanned (http-pap)";
    portal_way_plain_note: "من غيرها صفحة المحل ما تدخّلش حد", "Without it the shop's page lets nobody in";
    portal_way_cookie: "المتصفح يفتكر الزبون (cookie)", "Browsers are remembered (cookie)";
    portal_way_phone: "الموبايل يرجع لوحده بعد ما ينام (mac-cookie)", "Phones come back by themselves (mac-cookie)";
    portal_not_uploaded: "صفحات المحل مش كاملة على الراوتر. ارفعها الأول.", "The shop's pages are not all on the router. Upload them first.";
    portal_no_plain_login: "محدش هيعرف يدخل: لازم http-pap تبقى شغالة.", "Nobody could log in: http-pap has to be on.";
    portal_secure: "دخول الزباين بـ HTTPS", "Guests' login over HTTPS";
    portal_secure_note: "الزبون بيشوف الشهادة دي. لو موبايله مش عارفها هيطلع له تحذير.", "Guests are shown this certificate. A phone that does not know it shows a warning.";
    portal_no_certificates: "مفيش على الراوتر شهادة معاها مفتاحها", "The router has no certificate with its key";
    portal_until: "صالحة لحد", "Good until";
    portal_secure_on: "شغّل HTTPS", "Switch HTTPS on";
    portal_secure_off: "اقفل HTTPS", "Switch HTTPS off";
    portal_color_note: "لون الصفحات. ارفعها تاني بعد ما تغيّره.", "The colour of the pages. Upload them again after a change.";
    preview: "معاينة", "Preview";
    portal_page_login: "الدخول", "Log in";
    portal_page_wrong: "كود غلط", "Wrong code";
    portal_page_welcome: "دخل", "Welcome";
    portal_page_status: "الرصيد", "What is left";
    portal_page_logout: "خرج", "Logged out";
    portal_page_error: "مشكلة", "Trouble";

    // How the router is.
    router_health: "حالة الراوتر", "Router health";
    router_cpu: "المعالج", "Processor";
    router_memory: "الذاكرة الفاضية", "Free memory";
    router_disk: "المساحة الفاضية", "Free room";
    router_up: "شغال من", "On for";
    router_version: "الإصدار", "Version";
    router_clock_right: "مظبوطة", "Right";
    router_clock_ahead: "مقدّمة {n}", "{n} ahead";
    router_clock_behind: "مأخّرة {n}", "{n} behind";
    router_temperature: "الحرارة", "Temperature";
    router_voltage: "الفولت", "Voltage";
    out_of: "من أصل", "of";
    diagnostics: "الفحص", "Diagnostics";
    diagnostics_note: "اللي مش مظبوط على الراوتر، وإيه اللي هيصلحه. محدش بيتمسح غير اللي MikroDash عمله.", "What is not right on the router, and what would mend it. Users that MikroDash did not make are never removed.";
    look_again: "افحص تاني", "Look again";
    nothing_wrong: "كله تمام", "Nothing is wrong";
    nothing_wrong_note: "الباقات والكروت والموبايلات على الراوتر زي ما المحل عايز", "Packages, vouchers and phones on the router are as the shop wants them";
    repair: "صلّح", "Repair";
    repair_does: "هيتعمل إيه بالظبط", "What the repair does";
    repaired: "اتصلح: {n}", "Repaired: {n}";
    repaired_none: "مبقاش فيه حاجة محتاجة تصليح", "There was nothing left to repair";
    and_more: "وغيرهم {n}", "and {n} more";
    manager_only: "الفحص والتصليح للمدير بس", "Diagnostics and repairs are for managers";
    flaw_over_limit: "متصلين بكروت خلصت", "Online with vouchers that are used up";
    flaw_over_limit_does: "هيتفصلوا، ومش هيرجعوا بنفس الكارت.", "They are disconnected, and cannot come back with the same voucher.";
    flaw_ended_voucher: "كروت خلصت أو اتلغت ولسه على الراوتر", "Vouchers that have ended and are still on the router";
    flaw_ended_voucher_does: "هتتمسح من الراوتر، واللي متصل بيها هيتفصل.", "They are removed from the router, and whoever is online with one is disconnected.";
    flaw_stale_cookie: "موبايلات محفوظة بكروت مش موجودة", "Phones remembered for vouchers that are gone";
    flaw_stale_cookie_does: "الراوتر هينساها. محدش متصل هيتأثر.", "The router forgets them. Nobody who is online notices.";
    flaw_no_profile: "بروفايل مكتوب في باقة ومش على الراوتر", "A package names a profile that the router does not have";
    flaw_no_profile_does: "هيتعمل بعدد الموبايلات اللي في الباقة. من غيره الكروت مش هتتعمل.", "It is made with as many phones as the package grants. Without it no vouchers can be made.";
    flaw_few_phones: "بروفايل بيدخّل موبايلات أقل من الباقة", "A profile lets in fewer phones than its package grants";
    flaw_few_phones_does: "هيدخّل عدد الموبايلات اللي في الباقة.", "It will let in as many phones as the package grants.";
    flaw_short_session: "بروفايل بيخرّج الزبون قبل وقته ما يخلص", "A profile logs guests out before their time is over";
    flaw_short_session_does: "مدة الدخول هتبقى زي أطول باقة.", "A login will last as long as the longest package.";
    flaw_short_keepalive: "بروفايل بيخرّج الموبايل اللي نام شوية", "A profile logs out phones that sleep for a while";
    flaw_short_keepalive_does: "الموبايل اللي نام هيفضل داخل لحد يوم.", "A sleeping phone stays logged in for up to a day.";
    flaw_endless_cookie: "بروفايل بيفتكر الموبايلات على طول", "A profile remembers phones for ever";
    flaw_endless_cookie_does: "هينساها بعد وقت محدد.", "It forgets them after a while.";
    flaw_bypassed: "أجهزة بتدخل من غير كود", "Devices that need no code";
    flaw_bypassed_does: "ممكن تكون مقصودة، زي البلايستيشن. اللي تختاره بس هيحتاج كود بعد كده.", "They may be meant so, like consoles. Only those that you choose will need a code from then on.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_are_complete() {
        let is_arabic = |c: char| ('\u{600}'..='\u{6ff}').contains(&c);
        for (key, arabic, english) in ALL {
            assert!(
                !arabic.trim().is_empty() && !english.trim().is_empty(),
                "{key} is empty"
            );
            assert_eq!(
                arabic.matches("{n}").count(),
                english.matches("{n}").count(),
                "{key} has other gaps"
            );
            if *key != "other_language" {
                assert!(
                    arabic.chars().any(is_arabic),
                    "{key} has no Arabic: {arabic}"
                );
            }
            if *key != "other_language" && *key != "demo_note" {
                assert!(
                    !english.chars().any(is_arabic),
                    "{key} has Arabic in its English: {english}"
                );
            }
        }
    }
}
