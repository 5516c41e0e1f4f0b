"""Tools of other servers in a client that also has ours: name, title and description as vendors write them."""

from typing import Final, NamedTuple


class OtherTool(NamedTuple):
    """Tool of another server."""

    name: str
    title: str
    description: str


OTHER_TOOLS: Final = (
    OtherTool(
        "create_event",
        "Create calendar event",
        "Create an event in the user's calendar. Schedule a meeting with a title, start and end time, attendees, "
        "location and reminders. Returns the event with its link.",
    ),
    OtherTool(
        "list_events",
        "List calendar events",
        "List the upcoming events, meetings and appointments in a calendar between two dates, with attendees.",
    ),
    OtherTool(
        "update_event",
        "Update calendar event",
        "Change the title, time, attendees or location of an existing calendar event. Use it to move or reschedule "
        "a meeting.",
    ),
    OtherTool(
        "delete_event",
        "Delete calendar event",
        "Delete or cancel an event in the user's calendar, and notify its attendees.",
    ),
    OtherTool(
        "find_meeting_times",
        "Find meeting times",
        "Find times when all attendees of a meeting are available, from their free and busy information. "
        "Returns suggested time slots.",
    ),
    OtherTool(
        "create_contact",
        "Create CRM contact",
        "Create a contact or lead in the CRM with name, company, phone number, email and address.",
    ),
    OtherTool(
        "search_contacts",
        "Search CRM contacts",
        "Search customers and leads in the CRM by name, phone number, email or company. Returns matching records.",
    ),
    OtherTool(
        "update_contact",
        "Update CRM contact",
        "Update fields of a customer record in the CRM, such as phone number, email, address or owner.",
    ),
    OtherTool(
        "log_call",
        "Log a phone call",
        "Log a phone call with a customer as an activity in the CRM, with its duration, outcome and notes.",
    ),
    OtherTool(
        "send_email",
        "Send email",
        "Send an email to one or more recipients, with subject, body and attachments. It is sent immediately.",
    ),
    OtherTool(
        "search_emails",
        "Search emails",
        "Search the mailbox by sender, subject, date or text. Returns the matching messages, newest first.",
    ),
    OtherTool(
        "send_sms",
        "Send text message",
        "Send a text message (SMS) to a phone number. Use it for confirmations and reminders.",
    ),
    OtherTool(
        "read_file",
        "Read file",
        "Read the contents of a file at a path. Returns the text, or an error if the file is not available.",
    ),
    OtherTool(
        "search_files",
        "Search files",
        "Search for files by name or content in a folder and everything below it. Returns their paths.",
    ),
    OtherTool(
        "create_payment_link",
        "Create payment link",
        "Create a link with which a customer pays for a product or service at a given price.",
    ),
    OtherTool(
        "list_prices",
        "List prices",
        "List the products and prices of the shop, with currency and billing interval.",
    ),
    OtherTool(
        "refund_payment",
        "Refund payment",
        "Refund a payment in full or in part. Use it when an order was canceled or a customer complains.",
    ),
    OtherTool(
        "cancel_subscription",
        "Cancel subscription",
        "Cancel a customer's subscription now, or at the end of the billing period. This cannot be undone.",
    ),
    OtherTool(
        "get_forecast",
        "Get weather forecast",
        "Get the weather forecast for a place: temperature, wind and rain for today, tomorrow and the next ten days, "
        "morning, afternoon and evening.",
    ),
    OtherTool(
        "web_search",
        "Search the web",
        "Search the web for current information, news, opening hours and reviews. Returns titles, links and snippets.",
    ),
    OtherTool(
        "run_query",
        "Run SQL query",
        "Run a read-only SQL query against the company's database and return the rows. Explain the query plan with "
        "EXPLAIN.",
    ),
    OtherTool(
        "create_ticket",
        "Create support ticket",
        "Open a support ticket for a customer's problem, such as a defect or a repair, with priority and description.",
    ),
    OtherTool(
        "update_ticket",
        "Update support ticket",
        "Change the status, priority or assignee of a support ticket, or add a comment. Returns the ticket.",
    ),
    OtherTool(
        "search_tickets",
        "Search support tickets",
        "Find support tickets by customer, status, text or date. Returns at most 50 tickets.",
    ),
    OtherTool(
        "search_restaurants",
        "Search restaurants",
        "Find restaurants with an available table for a party size, date and time near a location.",
    ),
    OtherTool(
        "reserve_table",
        "Reserve a table",
        "Make a reservation at a restaurant for a date, time and party size, with the guest's name and phone number.",
    ),
    OtherTool(
        "search_flights",
        "Search flights",
        "Search for flights between two airports on given dates. Returns prices, times and the number of free seats.",
    ),
    OtherTool(
        "create_reminder",
        "Create reminder",
        "Create a reminder that notifies the user at a time, once or repeatedly.",
    ),
    OtherTool(
        "schedule_job",
        "Schedule a job",
        "Schedule a background job with a cron expression. The job runs on the server at the given times.",
    ),
    OtherTool(
        "get_directions",
        "Get directions",
        "Get the route and travel time between two addresses by car, bicycle or public transport.",
    ),
)
