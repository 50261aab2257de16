// A module with a type of its own, as servers in the field have them: a key that holds one number. Of the abilities that
// a type may have it has the least: none to be copied, none to tell its effort.
//
// A server looks its functions up by name; their prototypes are those of its documented interface for modules.
#include <stdint.h>
#include <stddef.h>

enum { ok = 0, interface_version = 1, may_read = 1, may_write = 2, is_empty = 0 };

typedef struct methods {
    uint64_t version;
    void *(*load)(void *stream, int encoding);
    void (*save)(void *stream, void *value);
    void (*rewrite)(void *log, void *key, void *value);
    size_t (*memory)(const void *value);
    void (*digest)(void *digest, void *value);
    void (*dispose)(void *value);
} methods;

static void *(*allocate)(size_t);
static void (*release)(void *);
static void *(*create_type)(void *, const char *, int, methods *);
static int (*create_command)(void *, const char *, int (*)(void *, void **, int), const char *, int, int, int);
static void (*set_attributes)(void *, const char *, int, int);
static void *(*open_key)(void *, void *, int);
static void (*close_key)(void *);
static int (*key_type)(void *);
static void *(*type_of)(void *);
static void *(*value_of)(void *);
static int (*set_value)(void *, void *, void *);
static int (*number_of)(const void *, long long *);
static int (*reply_number)(void *, long long);
static int (*reply_text)(void *, const char *);
static int (*reply_error)(void *, const char *);
static int (*count_error)(void *);
static uint64_t (*load_number)(void *);
static void (*save_number)(void *, uint64_t);
static void (*log_command)(void *, const char *, const char *, ...);

static void *parcel;

static void *load(void *stream, int encoding) {
    (void)encoding;
    uint64_t *value = allocate(sizeof *value);
    *value = load_number(stream);
    return value;
}

static void save(void *stream, void *value) { save_number(stream, *(uint64_t *)value); }

static void rewrite(void *log, void *key, void *value) {
    log_command(log, "PARCEL.SET", "sl", key, (long long)*(uint64_t *)value);
}

static int set(void *context, void **words, int count) {
    long long number;
    if (count != 3) return count_error(context);
    if (number_of(words[2], &number) != ok) return reply_error(context, "ERR not a number");
    void *key = open_key(context, words[1], may_read | may_write);
    if (key_type(key) != is_empty && type_of(key) != parcel) {
        close_key(key);
        return reply_error(context, "WRONGTYPE not a parcel");
    }
    uint64_t *value = allocate(sizeof *value);
    *value = (uint64_t)number;
    set_value(key, parcel, value);
    close_key(key);
    return reply_text(context, "OK");
}

static int get(void *context, void **words, int count) {
    if (count != 2) return count_error(context);
    void *key = open_key(context, words[1], may_read);
    int is_parcel = key_type(key) != is_empty && type_of(key) == parcel;
    long long number = is_parcel ? (long long)*(uint64_t *)value_of(key) : -1;
    close_key(key);
    return is_parcel ? reply_number(context, number) : reply_error(context, "WRONGTYPE not a parcel");
}

// The server's first word to a module is the function that finds all others.
int RedisModule_OnLoad(void *context, void **words, int count);
int RedisModule_OnLoad(void *context, void **words, int count) {
    (void)words;
    (void)count;
    int (*find)(const char *, void *) = ((int (**)(const char *, void *))context)[0];
    struct {
        const char *name;
        void *place;
    } functions[] = {
        {"RedisModule_Alloc", &allocate},
        {"RedisModule_Free", &release},
        {"RedisModule_CreateDataType", &create_type},
        {"RedisModule_CreateCommand", &create_command},
        {"RedisModule_SetModuleAttribs", &set_attributes},
        {"RedisModule_OpenKey", &open_key},
        {"RedisModule_CloseKey", &close_key},
        {"RedisModule_KeyType", &key_type},
        {"RedisModule_ModuleTypeGetType", &type_of},
        {"RedisModule_ModuleTypeGetValue", &value_of},
        {"RedisModule_ModuleTypeSetValue", &set_value},
        {"RedisModule_StringToLongLong", &number_of},
        {"RedisModule_ReplyWithLongLong", &reply_number},
        {"RedisModule_ReplyWithSimpleString", &reply_text},
        {"RedisModule_ReplyWithError", &reply_error},
        {"RedisModule_WrongArity", &count_error},
        {"RedisModule_LoadUnsigned", &load_number},
        {"RedisModule_SaveUnsigned", &save_number},
        {"RedisModule_EmitAOF", &log_command},
    };
    for (size_t index = 0; index < sizeof functions / sizeof functions[0]; index++)
        if (find(functions[index].name, functions[index].place) != ok) return 1;
    set_attributes(context, "parcel", 1, interface_version);
    methods methods = {
        .version = 1, .load = load, .save = save, .rewrite = rewrite, .dispose = release,
    };
    parcel = create_type(context, "parceltyp", 0, &methods);
    if (parcel == NULL) return 1;
    if (create_command(context, "parcel.set", set, "write deny-oom", 1, 1, 1) != ok) return 1;
    return create_command(context, "parcel.get", get, "readonly fast", 1, 1, 1);
}
